import OTLP

/// Applies the operations of a row to its value.
struct ValuePipeline: Sendable {
    let maps: [String: ValueMap]
    let messages: MessageReader

    init(maps: [String: ValueMap]) {
        self.maps = maps
        messages = MessageReader(
            parts: PartReader(partTypes: maps["part"]), roles: maps["role"],
            finishReasons: maps["finish"])
    }

    /// The value after all operations; nil where one of them has no result.
    ///
    /// - Parameters:
    ///   - role: the role of messages that name none.
    ///   - startTime: the span's, in nanoseconds.
    func apply(
        _ operations: [ValueOperation], to value: JSONValue, role: String = "user",
        startTime: UInt64 = 0
    ) -> JSONValue? {
        var value = value
        for operation in operations {
            guard let next = apply(operation, to: value, role, startTime), next != .null else {
                return nil
            }
            value = next
        }
        return value
    }

    private func apply(
        _ operation: ValueOperation, to value: JSONValue, _ role: String, _ startTime: UInt64
    ) -> JSONValue? {
        switch operation {
        case .copy, .add, .keep, .drop: value
        case .string: .string(value.asText)
        case .int: value.integer.map { .int($0) }
        case .number: value.number.map { .double($0) }
        case .bool: bool(value)
        case .lower: eachText(value) { $0.lowercased() }
        case .trim: eachText(value) { $0.trimmed }
        case .list: list(value)
        case .commaSeparated:
            value.string.map { .array($0.split(separator: ",").map { .string($0.trimmed) }) }
                ?? list(value)
        case .json: parsed(value)
        case .jsonTwice: parsed(parsed(value))
        case .cut(let mark):
            eachText(value) { text in
                text.range(of: mark).map { String(text[..<$0.lowerBound]) } ?? text
            }
        case .after(let mark): after(mark, in: value)
        case .strip(let mark):
            eachText(value) { $0.hasPrefix(mark) ? String($0.dropFirst(mark.count)) : $0 }
        case .map(let name): mapped(value, maps[name])
        case .divide(let divisor): value.number.map { .double($0 / divisor) }
        case .multiply(let factor): value.number.map { .double($0 * factor) }
        case .secondsSinceStart: secondsSinceStart(value, startTime)
        case .constant(let text): .string(text)
        case .tokenIDs: tokenIDs(value)
        case .messages(let format): .array(messages.messages(value, format, role: role))
        case .parts(let format): .array(parts(value, format))
        case .tools: .array(DefinitionReader.tools(value))
        case .documents: .array(DefinitionReader.documents(value))
        case .host: URLParts(value.asText).map { .string($0.host) }
        case .port: URLParts(value.asText)?.port.map { .int(Int64($0)) }
        case .arguments: ToolValueReader.arguments(value)
        case .result: ToolValueReader.result(value)
        }
    }

    private func eachText(_ value: JSONValue, _ change: (String) -> String) -> JSONValue {
        switch value {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { eachText($0, change) })
        default: value
        }
    }

    private func bool(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .bool: value
        case .int(0): false
        case .int(1): true
        case .string(let text) where ["true", "1", "yes"].contains(text.trimmed.lowercased()): true
        case .string(let text) where ["false", "0", "no"].contains(text.trimmed.lowercased()): false
        default: nil
        }
    }

    private func list(_ value: JSONValue) -> JSONValue {
        switch value.unwrapped {
        case .array(let elements): .array(elements)
        case let scalar: .array([scalar])
        }
    }

    private func parsed(_ value: JSONValue) -> JSONValue {
        guard case .string(let text) = value else { return value }
        return (try? JSONValue(parsing: text)) ?? value
    }

    private func after(_ mark: String, in value: JSONValue) -> JSONValue? {
        guard let text = value.string, let place = text.range(of: mark) else { return nil }
        return .string(String(text[place.upperBound...]))
    }

    private func mapped(_ value: JSONValue, _ map: ValueMap?) -> JSONValue? {
        switch value {
        case .array(let elements):
            .array(elements.compactMap { mapped($0, map) })
        case .string(let text):
            map?.apply(text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : text)
                .map { .string($0) }
        case .null: nil
        default: map?.apply(value.asText).map { .string($0) }
        }
    }

    private func secondsSinceStart(_ value: JSONValue, _ startTime: UInt64) -> JSONValue? {
        guard let text = value.string, let nanoseconds = ISO8601.unixNanoseconds(text),
            nanoseconds >= startTime
        else { return nil }
        return .double(Double(nanoseconds - startTime) / 1_000_000_000)
    }

    private func tokenIDs(_ value: JSONValue) -> JSONValue? {
        guard let elements = value.unwrapped.array else { return nil }
        if let inner = elements.first, inner.array != nil { return tokenIDs(inner) }
        let numbers = elements.compactMap(\.integer)
        guard numbers.count == elements.count, !numbers.isEmpty else { return nil }
        return .array(numbers.map { .int($0) })
    }

    /// Parts of content. Text stays text unless it is plainly a list of content blocks.
    private func parts(_ value: JSONValue, _ format: MessageFormat) -> [JSONValue] {
        var value = value
        if case .string(let text) = value, format != .text, text.hasPrefix("["),
            let blocks = value.unwrapped.array, !blocks.isEmpty,
            blocks.allSatisfy({ messages.parts.isBlock($0) })
        {
            value = .array(blocks)
        }
        if case .array(let elements) = value, elements.contains(where: { $0["role"] != nil }) {
            return elements.flatMap { element in
                messages.message(element, role: "system")?["parts"]?.array ?? []
            }
        }
        // LangChain's instrumentation dumps an empty answer as JSON.
        if value == "\"\"" { return [] }
        return messages.parts.parts(of: value)
    }
}

/// The host and port of a URL, or of an authority: `example.com:8080`.
struct URLParts {
    var host: String
    var port: Int?

    init?(_ text: String) {
        let scheme = text.range(of: "://")
        let authority = text[(scheme?.upperBound ?? text.startIndex)...].prefix {
            !"/?#".contains($0)
        }
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if address.first == "[", let close = address.firstIndex(of: "]") {
            host = String(address[address.index(after: address.startIndex)..<close])
            port = Int(address[address.index(after: close)...].dropFirst())
        } else if address.count(where: { $0 == ":" }) > 1 {
            // An IPv6 address without brackets has no port.
            host = String(address)
        } else {
            let parts = address.split(separator: ":", maxSplits: 1)
            host = parts.first.map { String($0) } ?? ""
            port = parts.count == 2 ? Int(parts[1]) : nil
        }
        guard !host.isEmpty else { return nil }
        if port == nil, let scheme {
            port = ["http": 80, "https": 443][text[..<scheme.lowerBound].lowercased()]
        }
    }
}

/// Times as ISO 8601 writes them.
enum ISO8601 {
    /// Nanoseconds since 1970 of `2026-11-23T05:04:23.123456Z` and its variants; nil for other text.
    static func unixNanoseconds(_ text: String) -> UInt64? {
        let bytes = Array(text.trimmed.utf8)
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count,
                bytes[range].allSatisfy({ (48...57).contains($0) })
            else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int($1 - 48) }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1970...2400).contains(year), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        var place = 19
        var fraction: UInt64 = 0
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            place += 1
            var unit: UInt64 = 100_000_000
            while place < bytes.count, (48...57).contains(bytes[place]) {
                fraction += UInt64(bytes[place] - 48) * unit
                unit /= 10
                place += 1
            }
        }
        var offset = 0
        if place < bytes.count, bytes[place] != UInt8(ascii: "Z") {
            guard let hours = number(place + 1..<place + 3),
                let minutes = number(place + 4..<place + 6)
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (bytes[place] == UInt8(ascii: "-") ? -1 : 1)
        }
        // Days from the civil calendar: https://howardhinnant.github.io/date_algorithms.html
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        return UInt64(seconds) * 1_000_000_000 + fraction
    }
}
