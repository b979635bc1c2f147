import OTLP
import Testing

@testable import LightningSink

@Suite struct SequenceNumberTests {
    /// What is stored, as number and time; when the sent spans began; the numbers that they get.
    struct Row: CustomTestStringConvertible {
        var testDescription: String
        var stored: [(number: Int64, time: UInt64)] = []
        var times: [UInt64]
        var expected: [Int64]
    }

    @Test(arguments: [
        Row(
            testDescription: "an empty store counts from 1", times: [5, 6, 6], expected: [1, 2, 3]),
        Row(
            testDescription: "a reward that was written first stays last", stored: [(1, 9)],
            times: [5, 6, 7], expected: [0, 0, 0]),
        Row(
            testDescription: "a reward between two calls", stored: [(1, 6)], times: [5, 7, 8],
            expected: [0, 2, 3]),
        Row(
            testDescription: "room is used while there is some", stored: [(4, 9)],
            times: [5, 6, 7, 8, 10], expected: [1, 2, 3, 3, 5]),
        Row(
            testDescription: "late spans go between", stored: [(1, 1), (2, 5), (3, 9)],
            times: [6, 7, 10], expected: [2, 2, 4]),
        Row(
            testDescription: "late spans of before", stored: [(1, 5), (2, 6)], times: [1, 2],
            expected: [0, 0]),
        Row(
            testDescription: "a child that began before its parent stays behind it",
            stored: [(5, 9)], times: [10, 3], expected: [6, 6]),
        Row(
            testDescription: "the greatest number there is", stored: [(.max, 1)], times: [2, 3],
            expected: [.max, .max]),
    ])
    func spansGetNumbersThatPutThemWhereTheyBegan(_ row: Row) {
        var numbers = SequenceNumbers(
            row.stored.enumerated().map { place, span in
                StoredSpan(
                    id: SpanID(word: UInt64(place) + 1), sequence: span.number,
                    startUnixNano: span.time)
            })
        let given = row.times.map { numbers.next(startUnixNano: $0) }
        #expect(given == row.expected)
    }
}
