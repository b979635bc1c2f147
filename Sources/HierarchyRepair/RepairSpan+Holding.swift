extension RepairSpan {
    /// Whether anything that lost its parent may lie below.
    var mayHoldAnything: Bool { isContainer || operation == .tool || operation == .model }

    /// Whether a span may lie below this one.
    func mayHold(_ span: RepairSpan) -> Bool {
        switch operation {
        case .tool: true
        case .model:
            span.operation == .http && span.kind == SpanKind.client
                || span.operation == .model && scope != span.scope && scope != 0 && span.scope != 0
        default: isContainer
        }
    }
}
