/// A batch cannot hold what was to be added: slices count bytes in 32 bits.
public enum CapacityError: Error {
    case batchExceeds2GiB
}

extension TraceBatch {
    /// What a batch's bytes may grow to.
    public static let maximumBytes = Int(Int32.max)

    /// Appends text, and returns where it lies.
    ///
    /// Where the batch would exceed 2 GiB, the text is left out and the slice is empty: edits are
    /// total. Gathering whole runs checks the size first; see `append(spanAt:of:)`.
    public mutating func append(_ text: String) -> Slice {
        var text = text
        return text.withUTF8 { unsafe append(bytes: $0) }
    }

    /// Appends bytes, and returns where they lie; empty where the batch would exceed 2 GiB.
    public mutating func append(bytes added: some Collection<UInt8>) -> Slice {
        let offset = bytes.count
        guard added.count <= Self.maximumBytes - offset else { return .empty }
        bytes.append(contentsOf: added)
        return Slice(offset: UInt32(offset), length: UInt32(added.count))
    }

    /// An attribute of this batch, its key and value appended to the batch's bytes.
    public mutating func makeAttribute(_ key: String, _ value: AnyValue) -> Attribute {
        Attribute(key: append(key), keyID: keys.id(of: key), value: flatten(value))
    }

    /// Appends attributes and returns their range.
    public mutating func append(attributes added: some Sequence<Attribute>) -> RecordRange {
        let start = attributes.count
        attributes.append(contentsOf: added)
        return RecordRange(start: UInt32(start), count: UInt32(attributes.count - start))
    }

    /// Appends attributes made of values that stand on their own, and returns their range.
    public mutating func append(keyValues: some Sequence<KeyValue>) -> RecordRange {
        let made = keyValues.map { makeAttribute($0.key, $0.value) }
        return append(attributes: made)
    }

    /// Sets an attribute of a range: replaces the last one with this key, or adds one.
    ///
    /// The range moves to the end of the array when it has to grow, so keep what is returned.
    public mutating func set(_ key: String, _ value: AnyValue, in range: RecordRange) -> RecordRange
    {
        let flat = flatten(value)
        let wanted = key.utf8
        let found = attributes[range.indices].lastIndex { attribute in
            Int(attribute.key.length) == wanted.count
                && bytes[attribute.key.range].elementsEqual(wanted)
        }
        if let found {
            attributes[found].value = flat
            return range
        }
        let added = Attribute(key: append(key), keyID: keys.id(of: key), value: flat)
        if range.indices.upperBound == attributes.count {
            attributes.append(added)
            return RecordRange(start: range.start, count: range.count + 1)
        }
        let grown = Array(attributes[range.indices]) + [added]
        return append(attributes: grown)
    }

    /// Sets one attribute of a span.
    public mutating func setSpanAttribute(_ key: String, _ value: AnyValue, at span: Int) {
        spans[span].attributes = set(key, value, in: spans[span].attributes)
    }

    /// Gives a span exactly these attributes, which must be of this batch.
    public mutating func replaceAttributes(ofSpan span: Int, with replaced: [Attribute]) {
        let range = spans[span].attributes
        if replaced.count <= Int(range.count) {
            for (offset, attribute) in replaced.enumerated() {
                attributes[Int(range.start) + offset] = attribute
            }
            spans[span].attributes.count = UInt32(replaced.count)
        } else {
            spans[span].attributes = append(attributes: replaced)
        }
    }
}
