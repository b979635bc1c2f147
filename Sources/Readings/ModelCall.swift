import OTLP

/// One call of a model, told by one span or by several.
struct ModelCall {
    /// The index of the span that counts.
    var span: Int
    /// Other spans that tell the same call: they fill what the first does not say.
    var others: [Int] = []
    /// The nearest agent around the call; "*" where there is none.
    var agentName: String
    var responseID: String?
    /// The place of `span` in the tree's preorder.
    var place: Int

    var tellers: [Int] { [span] + others }
}

extension TraceBatch {
    /// The id of the model's answer.
    func responseID(of span: SpanRecord) -> String? {
        text("gen_ai.response.id", of: span) ?? text("agentlightning.operation.output.id", of: span)
    }

    /// The last attribute that the first of these spans has.
    func attribute(_ key: String, ofFirst spans: [Int]) -> Attribute? {
        for span in spans {
            if let found = attribute(key, in: self.spans[span].attributes) { return found }
        }
        return nil
    }
}
