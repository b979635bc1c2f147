import Mending
import OTLP
import Testing

@Suite("The shape of a run for readers")
struct RunTreeTests {
    private func tree(_ spans: [(UInt64, UInt64)]) -> RunTree {
        RunTree(spans.map { (SpanID(word: $0.0), SpanID(word: $0.1)) })
    }

    @Test("Children come in the order of the spans, subtrees together")
    func order() {
        let tree = tree([(1, 0), (2, 1), (3, 1), (4, 2), (5, 0)])
        #expect(tree.roots == [0, 4])
        #expect(Array(tree.children(of: 0)) == [1, 2])
        #expect(tree.preorder == [0, 1, 3, 2, 4])
        #expect((0..<5).map { tree.depth(of: $0) } == [0, 1, 1, 2, 0])
        #expect(tree.parent(of: 3) == 1 && tree.parent(of: 0) == nil)
    }

    @Test("Cycles, lost parents and repeated ids make roots, not traps")
    func damage() {
        let tree = tree([(1, 2), (2, 1), (3, 3), (4, 99), (1, 2), (0, 0)])
        #expect(tree.roots == [0, 2, 3, 5])
        #expect(tree.preorder.sorted() == Array(0..<6))
    }

    @Test("A chain of 100,000 does not overflow")
    func deep() {
        let tree = RunTree(
            (0..<100_000).map { (SpanID(word: $0 + 1), SpanID(word: $0)) })
        #expect(tree.depth(of: 99_999) == 99_999)
    }
}
