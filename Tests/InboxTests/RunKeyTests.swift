import Inbox
import OTLP
import Testing

@Suite("The ids of runs")
struct RunKeyTests {
    static let rows: [(RunKey, String)] = [
        (.of("ro-1", "at_2.~"), "ro-1/at_2.~"),
        (.of("a/b", "c%d"), "a%2Fb/c%25d"),
        (.of("é", "&="), "%C3%A9/%26%3D"),
        (.of("..", "."), "%2E%2E/%2E"),
        (.rollout("r"), "r/"),
        (.rollout("00000000000000000000000000000001"), "00000000000000000000000000000001/"),
        (.keyed([RunKey.Pair("session.id", "a b")]), "session.id=a%20b"),
        (.keyed([RunKey.Pair("a", "1"), RunKey.Pair("b", "x/y=z&")]), "a=1&b=x%2Fy%3Dz%26"),
        (.trace(low: 0xAB), "000000000000000000000000000000ab"),
    ]

    @Test("An id is percent-encoded and reads back", arguments: rows)
    func roundTrip(_ key: RunKey, _ id: String) {
        #expect(key.id == id)
        #expect(RunKey(id: id) == key)
    }

    @Test(
        "Text that is no id",
        arguments: [
            "", "r", "/", "/a", "r/a/b", "r%2/a", "r%zz/a", "r/%FF", "a b/c", "=1", "a=", "a=1&",
            "a=b=c", "0000000000000000000000000000000g",
        ])
    func refused(_ text: String) {
        #expect(RunKey(id: text) == nil)
    }
}
