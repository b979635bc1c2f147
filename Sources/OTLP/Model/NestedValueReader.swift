/// Reads `ArrayValue` and `KeyValueList` messages; total: what is damaged or too deep reads as empty.
///
/// The decoder has checked what it made; but a `FlatValue` can be made of any slice.
struct NestedValueReader {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func array(_ slice: Slice) -> AnyValue {
        var elements: [AnyValue] = []
        readArray(slice, into: &elements, depth: 2)
        return .array(elements)
    }

    func keyValueList(_ slice: Slice) -> AnyValue {
        var entries: [KeyValue] = []
        readKeyValueList(slice, into: &entries, depth: 2)
        return .keyValueList(entries)
    }

    private func readArray(_ slice: Slice, into elements: inout [AnyValue], depth: Int) {
        forEachField(of: slice) { field in
            guard field.tag == 0x0A else { return }
            var element = AnyValue.empty
            readAnyValue(field.content, into: &element, depth: depth)
            elements.append(element)
        }
    }

    private func readKeyValueList(_ slice: Slice, into entries: inout [KeyValue], depth: Int) {
        forEachField(of: slice) { field in
            guard field.tag == 0x0A else { return }
            var entry = KeyValue("", .empty)
            readKeyValue(field.content, into: &entry, depth: depth)
            entries.append(entry)
        }
    }

    private func readKeyValue(_ slice: Slice, into entry: inout KeyValue, depth: Int) {
        forEachField(of: slice) { field in
            switch field.tag {
            case 0x0A: entry.key = text(field.content)
            case 0x12: readAnyValue(field.content, into: &entry.value, depth: depth)
            default: break
            }
        }
    }

    /// The last member counts; an array or list that is set twice is merged.
    private func readAnyValue(_ slice: Slice, into value: inout AnyValue, depth: Int) {
        guard depth <= TraceBatch.maximumValueDepth else { return }
        forEachField(of: slice) { field in
            switch field.tag {
            case 0x0A: value = .string(text(field.content))
            case 0x10: value = .bool(field.word != 0)
            case 0x18: value = .int(Int64(bitPattern: field.word))
            case 0x21: value = .double(Double(bitPattern: field.word))
            case 0x2A:
                var elements: [AnyValue] = []
                if case .array(let earlier) = value { elements = earlier }
                value = .empty
                readArray(field.content, into: &elements, depth: depth + 1)
                value = .array(elements)
            case 0x32:
                var entries: [KeyValue] = []
                if case .keyValueList(let earlier) = value { entries = earlier }
                value = .empty
                readKeyValueList(field.content, into: &entries, depth: depth + 1)
                value = .keyValueList(entries)
            case 0x3A: value = .bytes(Array(bytes[field.content.range]))
            default: break
            }
        }
    }

    private func text(_ slice: Slice) -> String {
        String(decoding: bytes[slice.range], as: UTF8.self)
    }

    private struct Field {
        var tag: UInt32
        /// Of a varint or a 64-bit field.
        var word: UInt64 = 0
        /// Of a length-delimited field.
        var content = Slice.empty
    }

    private func forEachField(of slice: Slice, _ body: (Field) -> Void) {
        var position = Int(slice.offset)
        let end = position + Int(slice.length)
        guard end <= bytes.count else { return }
        while let field = nextField(at: &position, before: end) { body(field) }
    }

    private func nextField(at position: inout Int, before end: Int) -> Field? {
        var cursor = unsafe WireCursor(bytes.span.bytes)
        cursor.position = position
        guard position < end, let tag = try? cursor.tag(before: end) else { return nil }
        var field = Field(tag: tag)
        do throws(WireError) {
            switch tag & 7 {
            case 0 where tag >= 8: field.word = try cursor.varint(before: end)
            case 1 where tag >= 8: field.word = try cursor.fixed64(before: end)
            case 2 where tag >= 8: field.content = try cursor.slice(before: end)
            default: try cursor.skip(tag, before: end)
            }
        } catch {
            return nil
        }
        position = cursor.position
        return field
    }
}
