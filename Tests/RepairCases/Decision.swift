import OTLP

/// Whether what is left of a run singles the true parent of a span out.
///
/// A judge of its own, which sees the true times and the truth, and knows nothing of how the repair
/// works. A parent is decided
/// - by time, where no other span that could hold the child was open around it, besides the
///   parent's own ancestors;
/// - by thread, where parent and child tell one that no such rival tells;
/// - by a text (an id, a message, a result) that the child's part of the run and the parent's tell,
///   and no rival's.
///
/// How tightly intervals nest is evidence as well, but a matter of degree: links that nothing else
/// decides count as undecided.
struct Decision {
    private let wreck: Wreck
    private let scene: Scene
    private let children: [[Int]]

    init(_ wreck: Wreck) {
        self.wreck = wreck
        scene = wreck.scene
        children = wreck.children
    }

    func isDecided(_ span: Int) -> Bool {
        let parent = wreck.survivingParent(of: span)
        let isSkewed = parent >= 0 && clock(span) != clock(parent)
        let cover = cover(of: span)
        let rivals = (0..<scene.count).filter { rival in
            isRival(rival, of: span, below: parent, cover, anyTime: isSkewed)
        }
        if isSkewed { return isDecidedBesideSkew(span, parent, rivals) }
        if parent >= 0 && !isOpen(parent, around: cover) {
            // A step that was over before its worker began: it must be the only one.
            let isOnly =
                scene.role[parent] == .dispatch && !rivals.contains { scene.role[$0] == .dispatch }
            return isOnly && dispatches(like: parent) == 1 || sharesText(span, parent, rivals)
        }
        if rivals.isEmpty { return true }
        if parent < 0 { return false }
        let thread = toldThread(span)
        if thread != 0, toldThread(parent) == thread,
            !rivals.contains(where: { toldThread($0) == thread })
        {
            return true
        }
        return sharesText(span, parent, rivals)
    }

    private func clock(_ span: Int) -> Int64 { wreck.offset[scene.process[span]] ?? 0 }

    private func toldThread(_ span: Int) -> Int { wreck.poolThread[span] ?? scene.thread[span] }

    /// Orphans of one lost parent are placed together.
    private func cover(of span: Int) -> (start: UInt64, end: UInt64) {
        var cover = wreck.times[span]
        let above = scene.parent[span]
        guard above >= 0, wreck.isGone[above], !wreck.isCut[span] else { return cover }
        for sibling in children[above]
        where !wreck.isGone[sibling] && !wreck.isCut[sibling]
            && clock(sibling) == clock(span)
        {
            cover.start = min(cover.start, wreck.times[sibling].start)
            cover.end = max(cover.end, wreck.times[sibling].end)
        }
        return cover
    }

    private func isOpen(_ host: Int, around cover: (start: UInt64, end: UInt64)) -> Bool {
        wreck.times[host].start <= cover.start && wreck.times[host].end >= cover.end
    }

    private func isRival(
        _ rival: Int, of span: Int, below parent: Int, _ cover: (start: UInt64, end: UInt64),
        anyTime: Bool
    ) -> Bool {
        guard !wreck.isGone[rival], rival != parent,
            !scene.isAncestor(span, orSelfOf: rival),
            parent < 0 || !scene.isAncestor(rival, orSelfOf: parent),
            anyTime || isOpen(rival, around: cover), holds(rival, span)
        else { return false }
        // Siblings that lost the same parent come together.
        let lost = scene.parent[span]
        if lost >= 0, wreck.isGone[lost], scene.isAncestor(lost, orSelfOf: rival) { return false }
        let process = scene.process[rival]
        if parent >= 0 { return process == scene.process[parent] }
        return process == scene.process[span]
    }

    private func holds(_ host: Int, _ span: Int) -> Bool {
        switch scene.role[span] {
        case .server: scene.role[host] == .client
        case .client: scene.role[host].holdsWork || scene.role[host] == .model
        case .model:
            scene.role[host].holdsWork
                || scene.role[host] == .model
                    && scene.batch.spans[host].scope != scene.batch.spans[span].scope
        default: scene.role[host].holdsWork
        }
    }

    private func dispatches(like step: Int) -> Int {
        (0..<scene.count).count {
            scene.role[$0] == .dispatch && scene.process[$0] == scene.process[step]
                && !wreck.isGone[$0]
        }
    }

    /// Texts of the part below the span against those of the parent and what is below it.
    private func sharesText(_ span: Int, _ parent: Int, _ rivals: [Int]) -> Bool {
        guard parent >= 0 else { return false }
        let own = scene.subtree(of: span, children)
        let ownSet = Set(own)
        var texts: Set<String> = []
        for part in own { texts.formUnion(scene.hints[part]) }
        guard !texts.isEmpty else { return false }
        let near = scene.subtree(of: parent, children).filter {
            !ownSet.contains($0) && !wreck.isGone[$0]
        }
        let nearSet = Set(near)
        var shared: Set<String> = []
        for part in near { shared.formUnion(scene.hints[part]) }
        shared.formIntersection(texts)
        for rival in rivals {
            for part in scene.subtree(of: rival, children)
            where !ownSet.contains(part) && (part == rival || !nearSet.contains(part)) {
                shared.subtract(scene.hints[part])
            }
        }
        return !shared.isEmpty
    }

    /// With clocks apart, time decides only what the offset of a whole process can be told from.
    private func isDecidedBesideSkew(_ span: Int, _ parent: Int, _ rivals: [Int]) -> Bool {
        if sharesText(span, parent, rivals) { return true }
        if scene.role[span] == .server {
            let served = (0..<scene.count).count {
                scene.role[$0] == .server && scene.process[$0] == scene.process[span]
                    && !wreck.isGone[$0]
            }
            return served >= 3
                && !rivals.contains { isOpen($0, around: wreck.times[span]) }
        }
        guard scene.role[span] == .worker else { return false }
        if dispatches(like: parent) == 1 { return true }
        let shift = clock(span) - clock(parent)
        let start = Int64(wreck.times[span].start) + shift
        let end = Int64(wreck.times[span].end) + shift
        let overlap = { (host: Int) -> Double in
            let low = max(start, Int64(wreck.times[host].start))
            let high = min(end, Int64(wreck.times[host].end))
            return Double(max(0, high - low)) / Double(max(1, end - start))
        }
        return overlap(parent) > 0.6
            && !rivals.contains { scene.role[$0] == .dispatch && overlap($0) > 0.3 }
    }
}
