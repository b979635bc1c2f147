/// What `TraceBatch.sanitizeIDs()` found and did.
public struct IDReport: Hashable, Sendable {
    /// Ids that came as hexadecimal text, or as such text taken for base64, and were read.
    public var recoveredIDs = 0
    /// Spans that had a parent id of a wrong length, and now have none.
    public var clearedParents = 0
    /// Links without usable ids; their spans count them in `droppedLinksCount`.
    public var droppedLinks = 0
    /// Spans without usable ids, which are in the batch no more.
    public var rejectedSpans = 0
    /// The first few rejected spans: which, what was expected, what was found.
    var rejections: [String] = []

    static let namedRejections = 3

    /// Whether there is anything to tell.
    public var isEmpty: Bool { self == IDReport() }

    /// What happened, in words for the sender; "" where there is nothing to tell.
    public var message: String {
        var parts: [String] = []
        if rejectedSpans > 0 {
            var part = count(rejectedSpans, "span") + " rejected: "
            for (index, rejection) in rejections.enumerated() {
                part += (index == 0 ? "" : "; ") + rejection
            }
            if rejectedSpans > rejections.count {
                part += "; and \(rejectedSpans - rejections.count) more"
            }
            parts.append(part)
        }
        if recoveredIDs > 0 {
            parts.append(
                count(recoveredIDs, "id") + " read from hexadecimal text, expected bytes")
        }
        if clearedParents > 0 {
            parts.append(
                count(clearedParents, "parent_span_id") + " of a wrong length dropped, "
                    + "expected 8 bytes or none")
        }
        if droppedLinks > 0 {
            parts.append(count(droppedLinks, "link") + " without usable ids dropped")
        }
        var message = ""
        for (index, part) in parts.enumerated() { message += (index == 0 ? "" : ". ") + part }
        return message
    }

    private func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
