import Synchronization

/// Does something for each element, several at a time.
///
/// What is done waits for commits and answers most of the time; side by side, many share a commit.
/// - Parameter width: how many at a time.
func forEach<Element: Sendable>(
    _ elements: [Element], atATime width: Int,
    _ body: @escaping @Sendable (Element) async -> Void
) async {
    await withDiscardingTaskGroup { group in
        let next = SharedIterator(elements)
        for _ in 0..<min(width, elements.count) {
            group.addTask {
                while let element = next.next() { await body(element) }
            }
        }
    }
}

/// Hands the elements of an array out to several tasks, each once, in order.
private final class SharedIterator<Element: Sendable>: Sendable {
    private let rest: Mutex<ArraySlice<Element>>

    init(_ elements: [Element]) {
        rest = Mutex(elements[...])
    }

    func next() -> Element? { rest.withLock { $0.popFirst() } }
}
