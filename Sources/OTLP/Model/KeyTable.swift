/// The attribute keys that somebody above the codec knows, each with a small number.
///
/// The decoder looks every key up once and writes the number beside it, so that later passes
/// compare numbers and not text. The decoder itself knows no convention.
public struct KeyTable: Sendable {
    private var ids: [String: KeyID] = [:]
    private(set) var keys: [String] = [""]

    /// A table that knows no key.
    public static let none = KeyTable([])

    /// Numbers the keys from 1 in the given order, each key once.
    /// - Precondition: fewer than 65,536 different keys.
    public init(_ keys: some Sequence<String>) {
        for key in keys { intern(key) }
    }

    private mutating func intern(_ key: String) {
        guard ids[key] == nil else { return }
        precondition(keys.count < Int(UInt16.max), "a KeyTable holds at most 65,534 keys")
        ids[key] = KeyID(number: UInt16(keys.count))
        keys.append(key)
    }

    /// The number of a key; `.unknown` when the table has it not.
    public func id(of key: String) -> KeyID { ids[key] ?? .unknown }

    /// The key of a number; "" for `.unknown` and for numbers of other tables.
    public func key(of id: KeyID) -> String {
        Int(id.number) < keys.count ? keys[Int(id.number)] : ""
    }

    /// How many keys the table has.
    public var count: Int { keys.count - 1 }
}
