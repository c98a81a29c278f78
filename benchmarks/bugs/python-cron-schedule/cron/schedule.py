"""When a schedule is due."""

from datetime import timedelta

from cron.fields import LIMITS, FieldError, parse_field

ONE_MINUTE = timedelta(minutes=1)


class Schedule:
    """Minute, hour, day of the month, month and day of the week (0 is Sunday)."""

    def __init__(self, text):
        parts = text.split()
        if len(parts) != len(LIMITS):
            raise FieldError(f"expected {len(LIMITS)} fields, found {len(parts)}")
        self.fields = {name: parse_field(part, name) for name, part in zip(LIMITS, parts, strict=True)}

    def due(self, moment):
        """Whether the schedule fires in the minute of ``moment``."""
        actual = {
            "minute": moment.minute,
            "hour": moment.hour,
            "day": moment.day,
            "month": moment.month,
            "weekday": moment.isoweekday() % 7,
        }
        return all(actual[name] in numbers for name, numbers in self.fields.items())

    def upcoming(self, start, count, within=timedelta(days=7)):
        """The next ``count`` moments after ``start``, at most ``within`` ahead."""
        moments = []
        moment = start.replace(second=0, microsecond=0) + ONE_MINUTE
        while len(moments) < count and moment - start <= within:
            if self.due(moment):
                moments.append(moment)
            moment += ONE_MINUTE
        return moments
