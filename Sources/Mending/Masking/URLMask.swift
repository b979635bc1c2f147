/// Masks the credentials of URLs, as the conventions want it of `url.full`: the user and password
/// before the host, and the values of query parameters that sign a request or open a door.
///
/// https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
struct URLMask: Sendable {
    static let mask = "REDACTED"

    let names: CredentialNames

    /// Attributes that hold a path with a query, or a query alone.
    private static let queryKeys = ["url.query", "http.target"].map { Array($0.utf8) }

    /// The value of an attribute of this key is a query, or has one, without a URL around it.
    static func holdsQuery(_ key: ArraySlice<UInt8>) -> Bool {
        queryKeys.contains { $0.count == key.count && key.elementsEqual($0) }
    }

    /// The text without credentials in its URLs; nil where they have none.
    ///
    /// - Parameter isQuery: the whole text is a query, or a path and a query.
    /// - Complexity: linear in the text.
    func masked(_ text: ArraySlice<UInt8>, isQuery: Bool) -> [UInt8]? {
        var found: [Range<Int>] = []
        if isQuery {
            let start = text.firstIndex(of: UInt8(ascii: "?")).map { $0 + 1 } ?? text.startIndex
            addURLs(in: text[..<start], to: &found)
            var place = start
            // All of it is the query, also what stands behind a space.
            while place < text.endIndex {
                place = addParameters(from: place, in: text, to: &found) + 1
            }
        } else {
            addURLs(in: text, to: &found)
        }
        guard !found.isEmpty else { return nil }
        var masked: [UInt8] = []
        var copied = text.startIndex
        for range in found {
            masked += text[copied..<range.lowerBound]
            masked += Self.mask.utf8
            copied = range.upperBound
        }
        return masked + text[copied...]
    }

    /// - Parameter isDecoded: the text stood percent-encoded in another; what is encoded in it again
    ///   is not looked into, so that the whole stays linear.
    private func addURLs(
        in text: ArraySlice<UInt8>, isDecoded: Bool = false, to found: inout [Range<Int>]
    ) {
        var place = text.startIndex
        while let mark = Self.schemeEnd(in: text, from: place) {
            place = addUser(from: mark, in: text, to: &found)
            while place < text.endIndex, !text[place].endsURL, !text[place].beginsQuery {
                place += 1
            }
            if place < text.endIndex, text[place].beginsQuery {
                place = addParameters(
                    from: place + 1, in: text, isDecoded: isDecoded, to: &found)
            }
        }
    }

    /// What follows the next `://`; nil where there is none.
    static func schemeEnd(in text: ArraySlice<UInt8>, from start: Int) -> Int? {
        text.withUnsafeBytes { bytes in
            // The second slash comes every third byte at the most, and texts have few slashes.
            var place = start - text.startIndex + 1
            while place < bytes.count - 1 {
                if bytes[place] == UInt8(ascii: "/") {
                    if bytes[place - 1] == UInt8(ascii: ":"),
                        bytes[place + 1] == UInt8(ascii: "/")
                    {
                        return text.startIndex + place + 2
                    }
                    if place >= 2, bytes[place - 1] == UInt8(ascii: "/"),
                        bytes[place - 2] == UInt8(ascii: ":")
                    {
                        return text.startIndex + place + 1
                    }
                }
                place += 2
            }
            return nil
        }
    }

    /// Finds the user and the password before a host, and returns where the host begins. A user
    /// alone is no secret.
    private func addUser(
        from start: Int, in text: ArraySlice<UInt8>, to found: inout [Range<Int>]
    ) -> Int {
        var colon: Int?
        var at: Int?
        var place = start
        while place < text.endIndex, !text[place].endsURL, !text[place].beginsQuery,
            text[place] != UInt8(ascii: "/")
        {
            if text[place] == UInt8(ascii: ":"), colon == nil { colon = place }
            if text[place] == UInt8(ascii: "@") { at = place }
            place += 1
        }
        guard let at else { return start }
        guard let colon, colon + 1 < at else { return at + 1 }
        for part in [start..<colon, colon + 1..<at] { add(part, in: text, to: &found) }
        return at + 1
    }

    /// Finds the parameters that are credentials, and returns where the URL ends.
    @discardableResult
    private func addParameters(
        from start: Int, in text: ArraySlice<UInt8>, isDecoded: Bool = false,
        to found: inout [Range<Int>]
    ) -> Int {
        var place = start
        while place < text.endIndex, !text[place].endsURL {
            let name = place
            while place < text.endIndex, !text[place].endsParameter,
                text[place] != UInt8(ascii: "=")
            {
                place += 1
            }
            let nameEnd = place
            if place < text.endIndex, text[place] == UInt8(ascii: "=") {
                let value = place + 1
                while place < text.endIndex, !text[place].endsParameter { place += 1 }
                if isCredential(text[name..<nameEnd], text[value..<place]) {
                    add(value..<place, in: text, to: &found)
                } else if let mark = Self.schemeEnd(in: text[value..<place], from: value) {
                    // A URL as the value; its own parameters are read as those of the outer one.
                    _ = addUser(from: mark, in: text[value..<place], to: &found)
                } else if !isDecoded {
                    addEncodedURLs(in: value..<place, of: text, to: &found)
                }
            }
            if place < text.endIndex, !text[place].endsURL { place += 1 }
        }
        return place
    }

    /// Finds the credentials of URLs that a parameter holds percent-encoded, once.
    private func addEncodedURLs(
        in value: Range<Int>, of text: ArraySlice<UInt8>, to found: inout [Range<Int>]
    ) {
        guard text[value].contains(UInt8(ascii: "%")) else { return }
        var decoded: [UInt8] = []
        // Where each decoded byte begins, and where the last one ends.
        var places: [Int] = []
        var place = value.lowerBound
        while place < value.upperBound {
            places.append(place)
            if text[place] == UInt8(ascii: "%"), value.upperBound - place > 2,
                let high = text[place + 1].hexadecimalDigit,
                let low = text[place + 2].hexadecimalDigit
            {
                decoded.append(high << 4 | low)
                place += 3
            } else {
                decoded.append(text[place])
                place += 1
            }
        }
        places.append(value.upperBound)
        var inner: [Range<Int>] = []
        addURLs(in: decoded[...], isDecoded: true, to: &inner)
        found += inner.map { places[$0.lowerBound]..<places[$0.upperBound] }
    }

    private func isCredential(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
        if names.contains(name) { return true }
        let lowered = name.suffix(9).map(\.lowercase)
        if lowered == Array("signature".utf8) || lowered == Array("sig".utf8)
            || lowered == Array("token".utf8)
        {
            return true
        }
        // Google's APIs take their keys so.
        return lowered == Array("key".utf8) && value.starts(with: "AIza".utf8)
    }

    private func add(_ range: Range<Int>, in text: ArraySlice<UInt8>, to found: inout [Range<Int>])
    {
        guard !range.isEmpty, !text[range].elementsEqual(Self.mask.utf8),
            !text[range].elementsEqual(CredentialMask.mask.utf8)
        else { return }
        found.append(range)
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }

    /// No URL has it, so that a URL in a text ends there.
    fileprivate var endsURL: Bool {
        switch self {
        case ...32, 127, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "`"):
            true
        default: false
        }
    }

    fileprivate var beginsQuery: Bool { self == UInt8(ascii: "?") || self == UInt8(ascii: "#") }

    fileprivate var endsParameter: Bool {
        endsURL || beginsQuery || self == UInt8(ascii: "&") || self == UInt8(ascii: ";")
    }
}
