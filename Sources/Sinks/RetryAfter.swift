/// The wait that a `Retry-After` field asks for.
///
/// Source: RFC 9110, section 10.2.3.
public struct RetryAfter: Hashable, Sendable {
    public var delay: Duration

    /// Reads whole seconds or an HTTP date; nil for anything else. A date that is over means no wait.
    ///
    /// Of the three forms of a date only the one that RFC 9110 lets senders write is read:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    /// - Parameter now: seconds since 1970-01-01 UTC.
    public init?(_ field: String, now: Int64) {
        let text = field.drop { $0 == " " || $0 == "\t" }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty, text.dropFirst(digits.count).allSatisfy({ $0 == " " || $0 == "\t" }) {
            // More digits than fit are a wait longer than anybody means.
            delay = .seconds(Int64(digits).map { min($0, Self.longest) } ?? Self.longest)
            return
        }
        guard let then = Self.unixSeconds(ofDate: text) else { return nil }
        delay = .seconds(min(max(then - now, 0), Self.longest))
    }

    /// A hundred years: keeps sums of durations far from their limits.
    private static let longest: Int64 = 3_155_760_000

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func unixSeconds(ofDate text: some StringProtocol) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = number(words[1], 1...31),
            let month = months.firstIndex(where: { $0 == words[2] }),
            let year = number(words[3], 1970...9999)
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 0...23),
            let minute = number(clock[1], 0...59), let second = number(clock[2], 0...60)
        else { return nil }
        let days = daysSince1970(year: year, month: Int64(month) + 1, day: day)
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: some StringProtocol, _ range: ClosedRange<Int64>) -> Int64? {
        guard let number = Int64(text), range.contains(number) else { return nil }
        return number
    }

    /// Counts years from March, so that the leap day is a year's last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let monthsSinceMarch = (month + 9) % 12
        let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
        return marchYear * 365 + leapDays + (monthsSinceMarch * 153 + 2) / 5 + day - 1 - 719_468
    }
}
