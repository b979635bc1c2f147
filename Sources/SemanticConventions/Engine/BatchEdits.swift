import OTLP

/// New attributes of a batch's spans, collected while the batch is read and written all at once.
struct BatchEdits: Sendable {
    private var bytes: [UInt8] = []
    private var attributes: [Attribute] = []
    private var changed: [(span: Int, range: RecordRange)] = []
    private var firstByte = 0
    private var firstAttribute = 0
    /// By key number: the key as it was written for this batch; nothing where it was not.
    private var keys: [Attribute?]
    /// Lists of keys that were written for this batch.
    private var lists: [(slots: [Int], value: FlatValue)] = []
    private var lastText: (text: String, slice: Slice)?
    private let rules: RuleSet
    private var start = (bytes: 0, attributes: 0)
    /// The batch can hold no more: later spans stay as they are.
    private(set) var isFull = false

    init(rules: RuleSet) {
        self.rules = rules
        keys = Array(repeating: nil, count: rules.keyTable.count + 1)
    }

    /// Its memory is more than is worth keeping.
    var isLarge: Bool { bytes.capacity > 8 << 20 || attributes.capacity > 1 << 18 }

    /// Begins with another batch.
    mutating func begin(_ batch: TraceBatch) {
        bytes.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
        for key in keys.indices where keys[key] != nil { keys[key] = nil }
        lists.removeAll(keepingCapacity: true)
        lastText = nil
        firstByte = batch.bytes.count
        firstAttribute = batch.attributes.count
        isFull = false
    }

    mutating func beginSpan() { start = (bytes.count, attributes.count) }

    /// Keeps what was appended since `beginSpan()` as the span's attributes.
    mutating func endSpan(_ span: Int) {
        guard firstByte + bytes.count <= TraceBatch.maximumBytes else {
            bytes.removeSubrange(start.bytes...)
            attributes.removeSubrange(start.attributes...)
            isFull = true
            return
        }
        changed.append(
            (
                span,
                RecordRange(
                    start: UInt32(firstAttribute + start.attributes),
                    count: UInt32(attributes.count - start.attributes))
            ))
    }

    func write(to batch: inout TraceBatch) {
        guard !changed.isEmpty else { return }
        _ = batch.append(bytes: bytes)
        _ = batch.append(attributes: attributes)
        for (span, range) in changed { batch.spans[span].attributes = range }
    }

    mutating func append(_ attribute: Attribute) { attributes.append(attribute) }

    mutating func append(contentsOf added: ArraySlice<Attribute>) {
        attributes.append(contentsOf: added)
    }

    /// Changes one of the attributes that this span has got so far.
    mutating func rename(_ offset: Int, to key: String, in batch: TraceBatch) {
        let place = start.attributes + offset
        attributes[place].key = text(key)
        attributes[place].keyID = batch.keys.id(of: key)
    }

    /// Takes away some of the attributes that this span has got so far, by ascending offsets.
    mutating func remove(_ offsets: [Int]) {
        guard let first = offsets.first else { return }
        var kept = start.attributes + first
        var next = 0
        for place in kept..<attributes.count {
            if next < offsets.count, place == start.attributes + offsets[next] {
                next += 1
            } else {
                attributes[kept] = attributes[place]
                kept += 1
            }
        }
        attributes.removeSubrange(kept...)
    }

    mutating func append(key number: Int, _ value: FlatValue, in batch: TraceBatch) {
        var attribute = keys[number] ?? makeKey(number, in: batch)
        attribute.value = value
        attributes.append(attribute)
    }

    private mutating func makeKey(_ number: Int, in batch: TraceBatch) -> Attribute {
        let key = rules.keyTable.key(of: KeyID(number: UInt16(number)))
        let made = Attribute(key: text(key), keyID: batch.keys.id(of: key), value: .empty)
        keys[number] = made
        return made
    }

    mutating func append(key: String, _ value: FlatValue, in batch: TraceBatch) {
        attributes.append(
            Attribute(key: text(key), keyID: batch.keys.id(of: key), value: value))
    }

    mutating func text(_ text: String) -> Slice {
        slice { $0.append(contentsOf: text.utf8) }
    }

    /// A text that comes again and again.
    mutating func repeated(_ text: String) -> Slice {
        if let lastText, lastText.text == text { return lastText.slice }
        let slice = self.text(text)
        lastText = (text, slice)
        return slice
    }

    /// The list of keys of these numbers, which is written once where spans look alike.
    mutating func list(ofKeys slots: [Int]) -> FlatValue {
        if let known = lists.last(where: { $0.slots == slots }) { return known.value }
        let made = list(slots.map { rules.keyTable.key(of: KeyID(number: UInt16($0))) })
        if lists.count < 32 { lists.append((slots, made)) }
        return made
    }

    /// What a closure appends to the batch's bytes.
    mutating func slice(_ write: (inout [UInt8]) -> Void) -> Slice {
        let offset = bytes.count
        write(&bytes)
        return Slice(
            offset: UInt32(truncatingIfNeeded: firstByte + offset),
            length: UInt32(truncatingIfNeeded: bytes.count - offset))
    }

    /// Takes back what was appended last.
    mutating func removeLast(_ slice: Slice) {
        bytes.removeLast(min(Int(slice.length), bytes.count))
    }

    /// A list of texts, as the wire message `ArrayValue` has it.
    mutating func list(_ texts: [String]) -> FlatValue {
        .array(
            slice { bytes in
                for text in texts {
                    let count = text.utf8.count
                    bytes.append(0x0A)
                    bytes.append(varint: UInt64(1 + Self.length(ofVarint: count) + count))
                    bytes.append(0x0A)
                    bytes.append(varint: UInt64(count))
                    bytes.append(contentsOf: text.utf8)
                }
            })
    }

    private static func length(ofVarint number: Int) -> Int {
        max(1, (64 - number.leadingZeroBitCount + 6) / 7)
    }

    /// Any value that is no attribute of the batch yet.
    mutating func flatten(_ value: AnyValue) -> FlatValue {
        switch value {
        case .empty: return .empty
        case .string(let text): return .string(self.text(text))
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .bytes(let content): return .bytes(slice { $0.append(contentsOf: content) })
        case .array(let elements) where elements.allSatisfy({ $0.stringValue != nil }):
            return list(elements.compactMap(\.stringValue))
        case .array, .keyValueList:
            // Made by a batch of its own, and moved over.
            var other = TraceBatch()
            switch other.flatten(value) {
            case .array(let made):
                return .array(slice { $0.append(contentsOf: other.bytes[made.bounds]) })
            case .keyValueList(let made):
                return .keyValueList(slice { $0.append(contentsOf: other.bytes[made.bounds]) })
            case let scalar: return scalar
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
