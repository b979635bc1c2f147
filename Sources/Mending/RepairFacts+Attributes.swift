import HierarchyRepair
import OTLP

extension RepairFacts {
    mutating func readAttributes(of span: SpanRecord, into facts: inout RepairSpan) {
        var operation = OperationClass.other
        var transport = OperationClass.other
        var namesAgent = false
        var tokens: (input: Int64, output: Int64) = (0, 0)
        for attribute in batch.attributes(span.attributes) {
            switch RepairKey(attribute.key, in: batch) {
            case .operation:
                if case .string(let name) = attribute.value {
                    operation = OperationClass(operationName: batch.string(name))
                }
            case .stepKind:
                if operation == .other { operation = .step }
            case .responseID:
                if case .string(let id) = attribute.value {
                    facts.responseID = number(of: batch.string(id))
                }
            case .inputTokens:
                facts.hasUsage = true
                if case .int(let count) = attribute.value { tokens.input = count }
            case .outputTokens:
                facts.hasUsage = true
                if case .int(let count) = attribute.value { tokens.output = count }
            case .method:
                transport = .http
                if case .string(let name) = attribute.value {
                    facts.request.method = number(of: "method " + batch.string(name))
                }
            case .url:
                transport = .http
                if case .string(let url) = attribute.value, facts.request.path == 0 {
                    facts.request.path = path(of: url, isURL: true)
                }
            case .path:
                if case .string(let path) = attribute.value {
                    facts.request.path = self.path(of: path, isURL: false)
                }
            case .port:
                if case .int(let port) = attribute.value {
                    facts.request.port = UInt32(truncatingIfNeeded: port)
                }
            case .status:
                if case .int(let status) = attribute.value {
                    facts.request.status = UInt32(truncatingIfNeeded: status)
                }
            case .thread:
                let thread = text(of: batch.anyValue(of: attribute))
                facts.thread = number(
                    of: thread.isEmpty ? "" : "thread \(facts.process)\u{0}\(thread)")
            case .agentName: namesAgent = true
            case .http: transport = .http
            case .database: transport = .database
            case .messaging: transport = .messaging
            case nil: break
            }
        }
        facts.operation = operation == .other ? transport : operation
        if facts.operation == .other && facts.scope == 0 {
            // No dialect was recognized, for want of a scope: what the span tells of itself is left.
            facts.operation = facts.responseID != 0 ? .model : namesAgent ? .agent : .other
        }
        if tokens.input > 0 && tokens.output > 0 {
            var hash = StableHash()
            hash.combine(UInt64(bitPattern: tokens.input))
            hash.combine(UInt64(bitPattern: tokens.output))
            facts.usage = hash.value
        }
    }

    /// A hash of the path of a URL or of a request's target, without the query.
    private func path(of text: Slice, isURL: Bool) -> UInt64 {
        var bytes = batch.bytes(text)
        if isURL {
            guard let scheme = bytes.firstIndex(of: UInt8(ascii: ":")) else { return 0 }
            let authority = bytes[scheme...].dropFirst(3)
            guard let slash = authority.firstIndex(of: UInt8(ascii: "/")) else { return 0 }
            bytes = bytes[slash...]
        }
        let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        var hash = StableHash()
        hash.combine(bytes: bytes[..<(end ?? bytes.endIndex)])
        return hash.value
    }
}

extension OperationClass {
    /// The class of a `gen_ai.operation.name`.
    init(operationName: String) {
        switch operationName {
        case "chat", "generate_content", "text_completion", "embeddings", "fetch_response":
            self = .model
        case "invoke_agent": self = .agent
        case "invoke_workflow": self = .workflow
        case "execute_tool": self = .tool
        case "plan", "retrieval": self = .step
        default: self = .other
        }
    }
}
