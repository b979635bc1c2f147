public import OTLP

/// A true run: what its program did, as its libraries would have told it with nothing lost.
///
/// The truth stands beside the batch and never in it.
public struct Scene: Sendable {
    /// The spans as reported by a program without faults.
    public var batch: TraceBatch
    /// For each span the index of its parent; -1 for none.
    public var parent: [Int]
    public var role: [Role]
    /// Which process a span ran in. Numbers without meaning outside of the scene.
    public var process: [Int]
    /// The thread as far as the span tells it; 0 where it does not.
    public var thread: [Int]
    /// Texts that a span tells and that few others of the run tell: ids, messages, results.
    public var hints: [[String]]

    /// What a span stands for.
    public enum Role: String, Sendable {
        case run, agent, step, model, tool, client, server, database, dispatch, worker, other

        /// Whether spans of the program's own may lie below.
        var holdsWork: Bool {
            switch self {
            case .run, .agent, .step, .tool, .server, .dispatch, .worker, .other: true
            case .model, .client, .database: false
            }
        }
    }

    public var count: Int { parent.count }

    func start(_ span: Int) -> UInt64 { batch.spans[span].startTimeUnixNano }
    func end(_ span: Int) -> UInt64 { batch.spans[span].endTimeUnixNano }

    func children() -> [[Int]] {
        var below = [[Int]](repeating: [], count: count)
        for (span, above) in parent.enumerated() where above >= 0 { below[above].append(span) }
        return below
    }

    func isAncestor(_ above: Int, orSelfOf span: Int) -> Bool {
        var span = span
        while span >= 0 {
            if span == above { return true }
            span = parent[span]
        }
        return false
    }

    func subtree(of top: Int, _ children: [[Int]]) -> [Int] {
        var found = [top]
        var place = 0
        while place < found.count {
            found.append(contentsOf: children[found[place]])
            place += 1
        }
        return found
    }
}
