/// Writes one JSON text as UTF-8, without or with line breaks.
///
/// The caller keeps the order of calls right: a name before each value of an object.
struct JSONWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    private var level = 0
    /// Something stands before the next value in the same container.
    private var needsComma = false
    private var followsName = false

    init(pretty: Bool) {
        isPretty = pretty
    }

    mutating func beginObject() { begin(UInt8(ascii: "{")) }
    mutating func endObject() { end(UInt8(ascii: "}")) }
    mutating func beginArray() { begin(UInt8(ascii: "[")) }
    mutating func endArray() { end(UInt8(ascii: "]")) }

    mutating func name(_ name: String) {
        separate()
        appendQuoted(name)
        appendColon()
    }

    mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        appendColon()
    }

    mutating func string(_ text: String) {
        separate()
        appendQuoted(text)
    }

    /// Writes bytes that are UTF-8 text.
    mutating func string(_ text: ArraySlice<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        unsafe text.withUnsafeBufferPointer { unsafe appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func int(_ number: Int64) {
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    /// Writes the shortest text that reads back as the same double, always with a fraction or an
    /// exponent; what JSON has no number for becomes a string, as the JSON mapping of protobuf says.
    mutating func double(_ number: Double) {
        separate()
        if number.isFinite {
            bytes.append(contentsOf: number.description.utf8)
        } else {
            appendQuoted(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
    }

    mutating func bool(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes text of ASCII characters that need no escape, in quotation marks.
    mutating func plain(_ text: some Sequence<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        level += 1
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        level -= 1
        if needsComma { breakLine() }
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if followsName {
            followsName = false
        } else {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            if level > 0 { breakLine() }
        }
        needsComma = true
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        bytes.append(0x0A)
        for _ in 0..<level { bytes.append(contentsOf: [0x20, 0x20]) }
    }

    private mutating func appendColon() {
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(0x20) }
        followsName = true
    }

    private mutating func appendQuoted(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { unsafe appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in text.indices {
            let byte = unsafe text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                continue
            }
            unsafe bytes.append(contentsOf: text[start..<index])
            start = index + 1
            appendEscape(byte)
        }
        unsafe bytes.append(contentsOf: text[start...])
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case ..<0x20:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexadecimalDigit(of: byte >> 4))
            bytes.append(hexadecimalDigit(of: byte & 15))
        default: bytes.append(byte)
        }
    }
}
