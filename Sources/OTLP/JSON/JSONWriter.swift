/// Writes one JSON text as UTF-8, without or with line breaks.
///
/// The caller keeps the order of calls right: a name before each value of an object.
struct JSONWriter: ~Copyable {
    private var output: ForwardWriter
    let isPretty: Bool
    private var level = 0
    /// Something stands before the next value in the same container.
    private var needsComma = false
    private var followsName = false

    /// - Parameter count: about how many bytes will be written.
    init(pretty: Bool, expecting count: Int = 256) {
        output = ForwardWriter(expecting: count)
        isPretty = pretty
    }

    /// What was written.
    var bytes: [UInt8] { output.bytes }

    mutating func beginObject() { begin(UInt8(ascii: "{")) }
    mutating func endObject() { end(UInt8(ascii: "}")) }
    mutating func beginArray() { begin(UInt8(ascii: "[")) }
    mutating func endArray() { end(UInt8(ascii: "]")) }

    mutating func name(text name: String) {
        separate()
        quoted(name)
        endName()
    }

    @inline(__always)
    mutating func name(_ name: StaticString) {
        if isPretty {
            separate()
            output.write(UInt8(ascii: "\""))
            output.write(name)
            output.write(UInt8(ascii: "\""))
            endName()
        } else {
            output.write(name: name, afterComma: needsComma)
            followsName = true
        }
    }

    /// Writes an element of an array of `KeyValue` whose value is a text.
    @inline(__always)
    mutating func attribute(key: Slice, text: Slice, of source: [UInt8]) {
        beginAttribute(key: key, of: source)
        output.write("stringValue\":\"")
        output.writeEscaped(text, of: source)
        endAttribute()
    }

    /// Writes an element of an array of `KeyValue` whose value is an integer.
    @inline(__always)
    mutating func attribute(key: Slice, integer: Int64, of source: [UInt8]) {
        beginAttribute(key: key, of: source)
        output.write("intValue\":\"")
        output.write(decimal: integer)
        endAttribute()
    }

    @inline(__always)
    private mutating func beginAttribute(key: Slice, of source: [UInt8]) {
        precondition(!isPretty)
        if needsComma {
            output.write(",{\"key\":\"")
        } else {
            output.write("{\"key\":\"")
        }
        needsComma = true
        output.writeEscaped(key, of: source)
        output.write("\",\"value\":{\"")
    }

    @inline(__always)
    private mutating func endAttribute() { output.write("\"}}") }

    mutating func string(_ text: String) {
        separate()
        quoted(text)
    }

    /// Writes a slice of bytes that is UTF-8 text.
    @inline(__always)
    mutating func string(_ text: Slice, of source: [UInt8]) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.writeEscaped(text, of: source)
        output.write(UInt8(ascii: "\""))
    }

    mutating func int(_ number: Int64) {
        separate()
        output.write(decimal: number)
    }

    /// Writes the shortest text that reads back as the same double, always with a fraction or an
    /// exponent; what JSON has no number for becomes a string, as the JSON mapping of protobuf says.
    mutating func double(_ number: Double) {
        separate()
        if number.isFinite {
            output.write(number.description.utf8)
        } else {
            quoted(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        }
    }

    mutating func bool(_ flag: Bool) {
        separate()
        if flag { output.write("true") } else { output.write("false") }
    }

    mutating func null() {
        separate()
        output.write("null")
    }

    /// Writes text of ASCII characters that need no escape, in quotation marks.
    mutating func plain(_ text: some Collection<UInt8>) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.write(text)
        output.write(UInt8(ascii: "\""))
    }

    /// Writes a 64-bit integer as text, as the JSON mapping of protobuf has it.
    mutating func text(_ number: Int64) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.write(decimal: number)
        output.write(UInt8(ascii: "\""))
    }

    /// Writes an unsigned 64-bit integer as text.
    mutating func text(_ number: UInt64) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.write(decimal: number)
        output.write(UInt8(ascii: "\""))
    }

    /// Writes an id as hexadecimal text.
    mutating func hexadecimal(_ id: TraceID) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.write(hexadecimal: id.high)
        output.write(hexadecimal: id.low)
        output.write(UInt8(ascii: "\""))
    }

    /// Writes an id as hexadecimal text.
    mutating func hexadecimal(_ id: SpanID) {
        separate()
        output.write(UInt8(ascii: "\""))
        output.write(hexadecimal: id.word)
        output.write(UInt8(ascii: "\""))
    }

    @inline(__always)
    private mutating func begin(_ bracket: UInt8) {
        separate()
        output.write(bracket)
        level &+= 1
        needsComma = false
    }

    @inline(__always)
    private mutating func end(_ bracket: UInt8) {
        level &-= 1
        if isPretty, needsComma { breakLine() }
        output.write(bracket)
        needsComma = true
    }

    @inline(__always)
    private mutating func separate() {
        if followsName {
            followsName = false
        } else {
            if needsComma { output.write(UInt8(ascii: ",")) }
            if isPretty, level > 0 { breakLine() }
        }
        needsComma = true
    }

    private mutating func breakLine() {
        output.write(0x0A)
        for _ in 0..<level { output.write("  ") }
    }

    @inline(__always)
    private mutating func endName() {
        output.write(UInt8(ascii: ":"))
        if isPretty { output.write(0x20) }
        followsName = true
    }

    private mutating func quoted(_ text: String) {
        var text = text
        output.write(UInt8(ascii: "\""))
        text.withUTF8 { text in
            let bytes = unsafe UnsafeRawBufferPointer(text).bytes
            output.writeEscaped(bytes, 0, bytes.byteCount)
        }
        output.write(UInt8(ascii: "\""))
    }
}
