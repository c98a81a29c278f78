import settings


def is_over(idle_seconds):
    return idle_seconds > settings.IDLE_MINUTES * 60
