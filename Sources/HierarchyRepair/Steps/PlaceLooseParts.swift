import OTLP

extension RepairForest {
    /// Finds a place for everything that hangs on nothing: orphans, cut spans, roots of traces.
    mutating func placeLooseParts(_ minimumConfidence: Double) -> [RepairedTree.Candidate] {
        adoptBelowKnownPlaceholders()
        let parts = looseParts()
        guard !parts.isEmpty else { return [] }
        var placing = Placing(self, parts: parts)
        if placing.isCrowded {
            notes.add(
                "\(parts.count) parts of the run came loose, more than "
                    + "\(RepairLimits.partsOfManyRounds); each got a short look, without its texts")
        }
        placing.followLinks()
        placing.matchRequests()
        placing.matchWorkers()
        placing.fitIntoSteps()
        placing.tellClocks()
        for placement in placing.placements.sorted(by: { $0.part < $1.part }) {
            let isSure = placement.confidence >= minimumConfidence
            hang(
                placing.parts[placement.part], below: isSure ? placement.host : nil,
                rule: placement.rule,
                confidence: placement.confidence, withPlaceholder: placement.withPlaceholder)
        }
        for note in placing.notes.notes { notes.add(note) }
        orphans = []
        return placing.explanation
    }

    /// Orphans whose placeholder was given away hang below it.
    private mutating func adoptBelowKnownPlaceholders() {
        guard !placeholders.isEmpty else { return }
        var trees = DisjointTrees(parent: parent)
        var left: [Int] = []
        for orphan in orphans {
            guard let known = placeholders[placeholderID(of: lostKey(of: orphan))],
                trees.tree(of: orphan) != trees.tree(of: known)
            else {
                left.append(orphan)
                continue
            }
            trees.join(orphan, known)
            hang(orphan, below: known, rule: .lostParent, confidence: 1)
        }
        orphans = left
    }
}
