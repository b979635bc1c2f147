// Arrays and lists stay one slice: their bytes are checked here and read when somebody asks.
extension TraceBatch {
    struct NestedValue {
        var slice: Slice
        /// It has values below the depth limit, which were not read.
        var isTooDeep: Bool
    }

    @_lifetime(cursor: copy cursor)
    mutating func nested(
        _ message: WireMessage, _ cursor: inout WireCursor, before limit: Int
    ) throws(WireError) -> NestedValue {
        let slice = try cursor.slice(before: limit)
        let end = cursor.position
        cursor.position = Int(slice.offset)
        var walk = NestedValueWalk(depthLimit: cursor.depthLimit, records: false)
        try walk.list(message, &cursor, before: end, depth: 2)
        guard walk.badStrings > 0, !walk.isTooDeep else {
            return NestedValue(slice: slice, isTooDeep: walk.isTooDeep)
        }
        cursor.position = Int(slice.offset)
        walk = NestedValueWalk(depthLimit: cursor.depthLimit, records: true)
        try walk.list(message, &cursor, before: end, depth: 2)
        return NestedValue(slice: try rewrite(walk.pieces), isTooDeep: false)
    }

    /// Writes a nested value again with its strings repaired, which changes the lengths around them.
    private mutating func rewrite(_ pieces: [NestedValueWalk.Piece]) throws(WireError) -> Slice {
        var writer = BackwardWriter(expecting: 1024)
        var marks: [Int] = []
        for piece in pieces.reversed() {
            switch piece {
            case .verbatim(let slice): writer.write(slice, of: bytes)
            case .badString(let tag, let content):
                writer.member(tag: tag, try repaired(content), of: bytes)
            case .close: marks.append(writer.count)
            case .open(let tag): writer.close(tag: tag, since: marks.removeLast())
            }
        }
        guard writer.count <= Self.maximumBytes - bytes.count else { throw .tooManyBytes }
        return append(bytes: writer.bytes)
    }
}

/// Checks the messages of a nested value as the decoder checks the others.
struct NestedValueWalk {
    /// What a value consists of, in order, where it has to be written anew.
    enum Piece {
        case verbatim(Slice)
        case badString(tag: UInt32, Slice)
        case open(tag: UInt32)
        case close
    }

    let depthLimit: Int
    let records: Bool
    private(set) var badStrings = 0
    private(set) var isTooDeep = false
    private(set) var pieces: [Piece] = []

    init(depthLimit: Int, records: Bool) {
        self.depthLimit = depthLimit
        self.records = records
    }

    /// ```proto
    /// message ArrayValue {
    ///   repeated AnyValue values = 1;
    /// }
    /// message KeyValueList {
    ///   repeated KeyValue values = 1;
    /// }
    /// ```
    @_lifetime(cursor: copy cursor)
    mutating func list(
        _ message: WireMessage, _ cursor: inout WireCursor, before end: Int, depth: Int
    ) throws(WireError) {
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            guard tag == 0x0A else {
                try leaf(tag, &cursor, before: end)
                continue
            }
            try cursor.charge()
            let elementEnd = try cursor.messageEnd(before: end)
            try open(tag, &cursor)
            if message == .arrayValue {
                try value(&cursor, before: elementEnd, depth: depth)
            } else {
                try entry(&cursor, before: elementEnd, depth: depth)
            }
            if records { pieces.append(.close) }
        }
    }

    @_lifetime(cursor: copy cursor)
    private mutating func entry(
        _ cursor: inout WireCursor, before end: Int, depth: Int
    ) throws(WireError) {
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try string(tag, &cursor, before: end)
            case 0x12:
                let valueEnd = try cursor.messageEnd(before: end)
                try open(tag, &cursor)
                try value(&cursor, before: valueEnd, depth: depth)
                if records { pieces.append(.close) }
            default: try leaf(tag, &cursor, before: end)
            }
        }
    }

    @_lifetime(cursor: copy cursor)
    private mutating func value(
        _ cursor: inout WireCursor, before end: Int, depth: Int
    ) throws(WireError) {
        guard depth <= depthLimit else {
            isTooDeep = true
            cursor.position = end
            return
        }
        while cursor.position < end {
            let tag = try cursor.tag(before: end)
            switch tag {
            case 0x0A: try string(tag, &cursor, before: end)
            case 0x2A, 0x32:
                let listEnd = try cursor.messageEnd(before: end)
                try open(tag, &cursor)
                try list(
                    tag == 0x2A ? .arrayValue : .keyValueList, &cursor, before: listEnd,
                    depth: depth + 1)
                if records { pieces.append(.close) }
            default: try leaf(tag, &cursor, before: end)
            }
        }
    }

    @_lifetime(cursor: copy cursor)
    private mutating func string(
        _ tag: UInt32, _ cursor: inout WireCursor, before end: Int
    ) throws(WireError) {
        let start = cursor.fieldStart
        let content = try cursor.slice(before: end)
        if cursor.body.isUTF8(Int(content.offset), Int(content.length)) {
            record(from: start, to: cursor.position)
        } else {
            badStrings += 1
            try cursor.charge()
            if records { pieces.append(.badString(tag: tag, content)) }
        }
    }

    /// A field without text or messages, or one that the schema does not name.
    @_lifetime(cursor: copy cursor)
    private mutating func leaf(
        _ tag: UInt32, _ cursor: inout WireCursor, before end: Int
    ) throws(WireError) {
        let start = cursor.fieldStart
        try cursor.skip(tag, before: end)
        record(from: start, to: cursor.position)
    }

    /// Charges what a piece takes, since messages in one element are not charged otherwise.
    @_lifetime(cursor: copy cursor)
    private mutating func open(_ tag: UInt32, _ cursor: inout WireCursor) throws(WireError) {
        guard records else { return }
        try cursor.charge()
        pieces.append(.open(tag: tag))
    }

    private mutating func record(from start: Int, to end: Int) {
        guard records else { return }
        if case .verbatim(let last)? = pieces.last, last.range.upperBound == start {
            pieces[pieces.count - 1] = .verbatim(
                Slice(offset: last.offset, length: UInt32(end) - last.offset))
            return
        }
        pieces.append(.verbatim(Slice(offset: UInt32(start), length: UInt32(end - start))))
    }
}
