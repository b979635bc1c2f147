/// One step of an `op` cell: a total function of one value.
enum ValueOperation: Hashable, Sendable {
    case copy, string, int, number, bool, lower, trim, list, commaSeparated
    case json, jsonTwice
    case cut(String), after(String), strip(String)
    case map(String)
    case divide(Double), multiply(Double)
    /// An ISO 8601 time becomes seconds since the span's start.
    case secondsSinceStart
    /// Values of several rows are summed in the target.
    case add
    case messages(MessageFormat), tools(MessageFormat), parts(MessageFormat)
    case documents(MessageFormat)
    case tokenIDs
    case constant(String)
    case keep, drop
    /// The host or the port of a URL.
    case host, port
    /// Tool arguments, out of what frameworks wrap around them.
    case arguments
    /// A tool's result, out of what frameworks wrap around it.
    case result

    private static let plain: [String: ValueOperation] = [
        "copy": .copy, "str": .string, "int": .int, "num": .number, "bool": .bool,
        "lower": .lower, "trim": .trim, "list": .list, "csv": .commaSeparated, "json": .json,
        "json2": .jsonTwice, "ms_s": .divide(1000), "ns_s": .divide(1_000_000_000),
        "iso_delta_s": .secondsSinceStart, "add": .add, "ids": .tokenIDs, "keep": .keep,
        "drop": .drop, "host": .host, "port": .port, "args": .arguments, "result": .result,
    ]

    /// Reads a pipeline joined by `>`; nil where a step is unknown.
    static func pipeline(_ cell: String) -> [ValueOperation]? {
        var operations: [ValueOperation] = []
        for step in cell.split(separator: ">") {
            guard let operation = ValueOperation(String(step)) else { return nil }
            operations.append(operation)
        }
        return operations.isEmpty ? nil : operations
    }

    private init?(_ step: String) {
        if let plain = Self.plain[step] {
            self = plain
            return
        }
        guard let colon = step.firstIndex(of: ":") else { return nil }
        let argument = String(step[step.index(after: colon)...])
        guard !argument.isEmpty else { return nil }
        switch step[..<colon] {
        case "cut": self = .cut(argument)
        case "after": self = .after(argument)
        case "strip": self = .strip(argument)
        case "map": self = .map(argument)
        case "const": self = .constant(argument)
        case "div":
            guard let divisor = Double(argument), divisor != 0 else { return nil }
            self = .divide(divisor)
        case "mul":
            guard let factor = Double(argument) else { return nil }
            self = .multiply(factor)
        case "msgs", "tools", "parts", "docs":
            guard let format = MessageFormat(rawValue: argument) else { return nil }
            switch step[..<colon] {
            case "msgs": self = .messages(format)
            case "tools": self = .tools(format)
            case "parts": self = .parts(format)
            default: self = .documents(format)
            }
        default: return nil
        }
    }

    /// The format that the step reads, if it reads one.
    var format: MessageFormat? {
        switch self {
        case .messages(let format), .tools(let format), .parts(let format), .documents(let format):
            format
        default: nil
        }
    }
}

/// How a library encodes messages, parts, tool definitions and documents.
enum MessageFormat: String, Hashable, Sendable {
    case semconv, openai, anthropic, bedrock, gemini, adk, langchain, vercel, pydantic, langsmith
    case haystack, text, auto
    /// One text, each message beginning on a line with its role: `user: hi`.
    case transcript
    case openaiResponses = "openai_responses"
    case pydanticEvents = "pydantic_events"
    case otelBody = "otel_body"

}
