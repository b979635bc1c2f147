extension JSONReader {
    /// The path to the value at an offset, such as `resourceSpans[0].scopeSpans[0].spans[3].traceId`.
    ///
    /// It reads the text again up to there, so that reading without an error keeps no path.
    func location(of offset: Int) -> String {
        var reader = JSONReader(bytes, maximumDepth: maximumDepth)
        var levels: [Level] = []
        while let token = try? reader.next() {
            if case .end = token { break }
            if case .array(let index)? = levels.last, token.beginsValue {
                levels[levels.count - 1] = .array(index + 1)
            }
            if reader.tokenStart >= offset { break }
            switch token {
            case .beginObject: levels.append(.object(nil))
            case .beginArray: levels.append(.array(-1))
            case .endObject, .endArray: _ = levels.popLast()
            case .name(let name): levels[levels.count - 1] = .object(name)
            default: break
            }
        }
        return path(levels)
    }

    private enum Level {
        case object(JSONText?)
        case array(Int)
    }

    /// Only so many levels are named: deeper ones are content.
    private func path(_ levels: [Level]) -> String {
        var path = ""
        for level in levels.prefix(16) {
            switch level {
            case .object(nil): break
            case .object(let name?):
                path +=
                    (path.isEmpty ? "" : ".")
                    + String(decoding: string(name).utf8.prefix(64), as: UTF8.self)
            case .array(let index): path += "[\(Swift.max(index, 0))]"
            }
        }
        return path
    }
}

extension JSONToken {
    fileprivate var beginsValue: Bool {
        switch self {
        case .endArray, .endObject, .name, .end: false
        default: true
        }
    }
}
