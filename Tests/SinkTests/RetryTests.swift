import Sinks
import Testing

@Suite struct RetryTests {
    @Test(
        arguments: [
            (1, nil, 0.5, 1.0), (2, nil, 0.5, 2.0), (3, nil, 0.5, 4.0), (6, nil, 0.5, 32.0),
            (7, nil, 0.5, 60.0), (Int.max, nil, 0.5, 60.0), (0, nil, 0.5, 1.0), (-3, nil, 0.5, 1.0),
            (1, nil, 0.0, 0.8), (3, nil, 0.0, 3.2), (3, nil, 0.75, 4.4), (Int.max, nil, 0.9, 60.0),
            (Int.max, nil, 0.0, 48.0), (1, 0.0, 0.5, 1.0), (1, 5.0, 0.0, 5.0), (1, 5.0, 0.5, 5.5),
            (7, 5.0, 0.5, 60.0), (1, 120.0, 0.0, 120.0), (1, 1e9, 0.0, 3600.0), (1, -4.0, 0.5, 1.0),
            (1, nil, -7.0, 0.8), (3, nil, 9.0, 4.8),
        ] as [(Int, Double?, Double, Double)])
    func theDelayGrowsToItsLimitAndNeverComesBeforeThePeerAsked(
        attempt: Int, retryAfter: Double?, random: Double, seconds: Double
    ) {
        let delay = RetryPolicy().delay(
            attempt: attempt, retryAfter: retryAfter.map { .seconds($0) }, random: random)
        #expect(abs(delay / .seconds(1) - seconds) < 1e-6)
    }

    @Test(
        arguments: [
            ("0", 0), ("7", 7), (" 12 ", 12), ("120", 120), ("99999999999999999999", 3_155_760_000),
            ("Thu, 01 Jan 1970 00:20:00 GMT", 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_110_777),
            (
                "Thu, 29 Feb 2024 12:00:00 GMT",
                1_709_207_000
            ), ("", nil), ("soon", nil), ("-1", nil), ("1.5", nil), ("7 days", nil),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil),
            ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil),
        ] as [(String, Int64?)])
    func aWaitIsSecondsOrADate(field: String, seconds: Int64?) {
        #expect(RetryAfter(field, now: 1000)?.delay == seconds.map { .seconds($0) })
    }
}
