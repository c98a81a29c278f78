"""Puts tasks in an order that respects what each one needs."""


class CycleError(ValueError):
    """Tasks need each other; ``tasks`` are the ones that can't be placed."""

    def __init__(self, tasks):
        super().__init__("cycle among " + ", ".join(tasks))
        self.tasks = tasks


class TaskGraph:
    """Named tasks and their needs."""

    def __init__(self):
        self._needs = {}

    def add(self, task, *needs):
        """Add a task; what it needs is added too."""
        self._needs.setdefault(task, set()).update(needs)
        for need in needs:
            self._needs.setdefault(need, set())

    def _followers(self):
        followers = {task: [] for task in self._needs}
        for task, needs in self._needs.items():
            for need in needs:
                followers[need].append(task)
        return followers

    def stages(self):
        """Groups of tasks; each group needs only earlier groups. Names are sorted within a group."""
        followers = self._followers()
        waiting = {task: len(needs) for task, needs in self._needs.items()}
        ready = sorted(task for task, count in waiting.items() if count == 0)
        groups = []
        placed = set()
        while ready:
            groups.append(ready)
            placed.update(ready)
            following = []
            for task in ready:
                for follower in followers[task]:
                    waiting[follower] -= 1
                    if waiting[follower] == 0:
                        following.append(follower)
            ready = sorted(following)
        if len(placed) < len(self._needs):
            raise CycleError(sorted(set(self._needs) - placed))
        return groups

    def order(self):
        """All tasks, one after the other."""
        return [task for group in self.stages() for task in group]

    def required(self, task):
        """Everything ``task`` needs, directly or not."""
        found = set()
        stack = list(self._needs[task])
        while stack:
            need = stack.pop()
            if need not in found:
                found.add(need)
                stack.extend(self._needs[need])
        return found


def schedule(graph, durations):
    """When each task can end if all that may run at once do."""
    ends = {}
    for task in graph.order():
        start = max((ends[need] for need in graph.required(task)), default=0)
        ends[task] = start + durations[task]
    return ends
