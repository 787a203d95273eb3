"""What was measured round by round, and the ratios within a round."""


class Rounds:
    """`rounds`: each from a name (a peer, a strategy, a server and client) to its loads, and from these to figures by key.

    The machine's speed changes from one round to the next, so ratios are of what one round found.
    """

    def __init__(self, rounds):
        self._rounds = rounds

    @classmethod
    def of_peers(cls, peers):
        """`peers`: each name to `rounds` of its own, as bench/compare keeps them."""
        count = max((len(found["rounds"]) for found in peers.values()), default=0)
        return cls([{name: found["rounds"][index] for name, found in peers.items() if index < len(found["rounds"])}
                    for index in range(count)])

    def __len__(self):
        return len(self._rounds)

    def names(self):
        return list(dict.fromkeys(name for found in self._rounds for name in found))

    def values(self, name, load, key):
        return [found[name][load][key] for found in self._rounds if key in found.get(name, {}).get(load, {})]

    def ratios(self, name, load, key, others, best=min):
        """In each round, `name`'s figure over the best of the others'."""
        ratios = []
        for found in self._rounds:
            beside = [found[other][load][key] for other in others if key in found.get(other, {}).get(load, {})]
            if beside and best(beside) and key in found.get(name, {}).get(load, {}):
                ratios.append(found[name][load][key] / best(beside))
        return ratios
