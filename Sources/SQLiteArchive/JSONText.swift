import Foundation
import OTLP

/// Writes the JSON columns straight from a batch's bytes, without strings in between.
///
/// Numbers keep their kind: a double always has a fraction or an exponent, an int never. Bytes are
/// base64 text, NaN and infinities are text; these, and only these, cannot be told from the JSON.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    /// Everything written since `removeAll()` can be read back from the JSON as it was.
    private(set) var isExact = true

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        isExact = true
    }

    /// An object with the attributes of a range as members, in order; keys may repeat.
    mutating func writeObject(_ range: RecordRange, of batch: borrowing TraceBatch) {
        write("{")
        for (place, attribute) in batch.attributes(range).enumerated() {
            if place > 0 { write(",") }
            writeString(batch.bytes(attribute.key))
            write(":")
            write(attribute.value, of: batch)
        }
        write("}")
    }

    /// An array with one object for each event of a span.
    mutating func writeEvents(_ span: SpanRecord, of batch: borrowing TraceBatch) {
        write("[")
        for (place, event) in batch.events[span.events.indices].enumerated() {
            write(place > 0 ? ",{\"time_unix_nano\":" : "{\"time_unix_nano\":")
            write(Int64(bitPattern: event.timeUnixNano).description)
            write(",\"name\":")
            writeString(batch.bytes(event.name))
            write(",\"attributes\":")
            writeObject(event.attributes, of: batch)
            writeDropped(event.droppedAttributesCount)
            write("}")
        }
        write("]")
    }

    /// An array with one object for each link of a span.
    mutating func writeLinks(_ span: SpanRecord, of batch: borrowing TraceBatch) {
        write("[")
        for (place, link) in batch.links[span.links.indices].enumerated() {
            write(place > 0 ? ",{\"trace_id\":\"" : "{\"trace_id\":\"")
            write(link.traceID.description)
            write("\",\"span_id\":\"")
            write(link.spanID.description)
            write("\",\"attributes\":")
            writeObject(link.attributes, of: batch)
            if !link.traceState.isEmpty {
                write(",\"trace_state\":")
                writeString(batch.bytes(link.traceState))
            }
            if link.flags != 0 { write(",\"flags\":\(link.flags)") }
            writeDropped(link.droppedAttributesCount)
            write("}")
        }
        write("]")
    }

    /// An array of texts.
    mutating func writeArray(_ texts: some Sequence<String>) {
        write("[")
        for (place, text) in texts.enumerated() {
            if place > 0 { write(",") }
            writeString(Array(text.utf8)[...])
        }
        write("]")
    }

    private mutating func writeDropped(_ count: UInt32) {
        if count != 0 { write(",\"dropped_attributes_count\":\(count)") }
    }

    private mutating func write(_ value: FlatValue, of batch: borrowing TraceBatch) {
        switch value {
        case .string(let slice): writeString(batch.bytes(slice))
        case .bytes(let slice): writeBase64(batch.bytes(slice))
        case .int(let number): write(number.description)
        case .bool(let flag): write(flag ? "true" : "false")
        case .double(let number): write(number)
        case .empty: write("null")
        case .array, .keyValueList: write(batch.anyValue(value))
        }
    }

    private mutating func write(_ value: AnyValue) {
        switch value {
        case .empty: write("null")
        case .string(let text): writeString(Array(text.utf8)[...])
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): write(number.description)
        case .double(let number): write(number)
        case .bytes(let content): writeBase64(content[...])
        case .array(let elements):
            write("[")
            for (place, element) in elements.enumerated() {
                if place > 0 { write(",") }
                write(element)
            }
            write("]")
        case .keyValueList(let entries):
            write("{")
            for (place, entry) in entries.enumerated() {
                if place > 0 { write(",") }
                writeString(Array(entry.key.utf8)[...])
                write(":")
                write(entry.value)
            }
            write("}")
        }
    }

    private mutating func write(_ number: Double) {
        if number.isFinite {
            write(number.description)
        } else {
            isExact = false
            write(number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        }
    }

    private mutating func writeBase64(_ content: ArraySlice<UInt8>) {
        isExact = false
        write("\"")
        write(Data(content).base64EncodedString())
        write("\"")
    }

    private mutating func writeString(_ text: ArraySlice<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        text.withUnsafeBytes { buffer in
            var copied = 0
            while let index = EscapeScanning.firstEscaped(in: buffer, from: copied) {
                bytes.append(contentsOf: buffer[copied..<index])
                writeEscaped(buffer[index])
                copied = index + 1
            }
            bytes.append(contentsOf: buffer[copied...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case UInt8(ascii: "\n"): write("\\n")
        case UInt8(ascii: "\r"): write("\\r")
        case UInt8(ascii: "\t"): write("\\t")
        default: write(byte < 0x10 ? "\\u000" : "\\u00", hexadecimal: byte)
        }
    }

    private mutating func write(_ prefix: String, hexadecimal byte: UInt8) {
        write(prefix)
        write(String(byte, radix: 16))
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
