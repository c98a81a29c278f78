"""Jobs that wait."""


class Queue:
    def __init__(self):
        self.jobs = []

    def put(self, job):
        self.jobs.append(job)
        return len(self.jobs)


def submit(queue, *jobs):
    return [queue.put(job) for job in jobs]
