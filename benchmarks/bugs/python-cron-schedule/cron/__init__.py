"""Five-field schedules as cron has them."""
