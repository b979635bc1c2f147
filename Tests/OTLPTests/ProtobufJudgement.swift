import OTLP

/// What the codec makes of a body, held against the rules and against libprotobuf-c.
struct ProtobufJudgement {
    private(set) var isAccepted = false
    /// libprotobuf-c reads by the same rules all that the body holds, and so was asked.
    private(set) var isCompared = false
    /// It holds text that is not UTF-8 or has a zero byte, which parsers treat in ways of their own.
    let hasOddText: Bool
    /// What the codec writes of it.
    private(set) var encoded: [UInt8] = []
    /// The law that does not hold.
    private(set) var failure: String?

    init(_ body: [UInt8]) {
        let rules = ProtobufValidator(body)
        hasOddText = rules.differences.contains(.text)
        guard let batch = try? TraceBatch(protobuf: body) else {
            if rules.isValid { failure = "refused, and valid" }
            return
        }
        isAccepted = true
        encoded = batch.protobuf()
        guard rules.isValid else {
            failure = "accepted, and malformed"
            return
        }
        checkStability(of: batch)
        // Where the rules differ on purpose, there is nothing to compare with.
        guard failure == nil, rules.differences.isEmpty else { return }
        isCompared = true
        if Reference.normalized(body) == nil {
            failure = "libprotobuf-c refuses it"
        } else if Reference.normalized(encoded) != Reference.normalized(body) {
            failure = "libprotobuf-c reads other fields in what was encoded"
        }
    }

    private mutating func checkStability(of batch: TraceBatch) {
        guard let again = try? TraceBatch(protobuf: encoded) else {
            failure = "what was encoded is refused"
            return
        }
        if again.protobuf() != encoded { failure = "encoded twice, the bytes differ" }
        if again.repairedStrings != 0 { failure = "encoded text is not UTF-8" }
        let json = batch.json()
        guard let fromJSON = try? TraceBatch(json: json) else {
            failure = "its JSON is refused"
            return
        }
        if fromJSON.json() != json { failure = "written as JSON twice, the texts differ" }
    }
}
