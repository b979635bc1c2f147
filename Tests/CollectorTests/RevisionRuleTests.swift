import Inbox
import OTLP
import Testing

@testable import Collector

/// Times are seconds after the run's first request.
@Suite struct RevisionRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isTrace = true
        var isDirty = false
        var isSettled = false
        var isClosed = false
        var isWhole = false
        var revision = 1
        var lastReceived = 0.0
        var revised = 0.0
        var mendSeconds = 0.0
        var now: Double
        var expected: RevisionRule.Decision
    }

    static func at(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    @Test(arguments: [
        Case(
            testDescription: "a new run waits a second for more", isDirty: true, revision: 0,
            now: 0.2, expected: .wait(untilUnixNano: at(1))),
        Case(
            testDescription: "a new run is readable after a second", isDirty: true, revision: 0,
            lastReceived: 0.9, now: 1, expected: .revise(isSettled: false)),
        Case(
            testDescription: "a revision follows the one before after a second", isDirty: true,
            lastReceived: 5, revised: 4.5, now: 5, expected: .wait(untilUnixNano: at(5.5))),
        Case(
            testDescription: "a long mending makes the pause ten times as long", isDirty: true,
            lastReceived: 5, revised: 4.5, mendSeconds: 0.5, now: 6,
            expected: .wait(untilUnixNano: at(9.5))),
        Case(
            testDescription: "a close cuts every pause short", isDirty: true, isClosed: true,
            lastReceived: 5, revised: 4.5, mendSeconds: 60, now: 5,
            expected: .revise(isSettled: true)),
        Case(
            testDescription: "a whole trace settles after the grace", isWhole: true,
            lastReceived: 5, revised: 6, now: 6.5, expected: .wait(untilUnixNano: at(7))),
        Case(
            testDescription: "a whole trace settles when the grace is over", isWhole: true,
            lastReceived: 5, revised: 6, now: 7, expected: .revise(isSettled: true)),
        Case(
            testDescription: "a trace with missing parents waits for the patience",
            lastReceived: 5, revised: 6, now: 7, expected: .wait(untilUnixNano: at(605))),
        Case(
            testDescription: "a rollout's run waits for the patience though it looks whole",
            isTrace: false, isWhole: true, lastReceived: 5, revised: 6, now: 7,
            expected: .wait(untilUnixNano: at(605))),
        Case(
            testDescription: "any run settles when the patience is over", isTrace: false,
            lastReceived: 5, revised: 6, now: 605, expected: .revise(isSettled: true)),
        Case(
            testDescription: "a run that nobody mended in the patience settles at once",
            isDirty: true, revision: 0, lastReceived: 5, now: 605,
            expected: .revise(isSettled: true)),
        Case(
            testDescription: "a settled run rests", isSettled: true, isWhole: true,
            lastReceived: 5, revised: 7, now: 100, expected: .rest),
    ])
    func aRunIsMendedWhenItIsDue(_ row: Case) {
        let run = RunStatus(
            key: row.isTrace
                ? .trace(TraceID(high: 1, low: 2)) : .attempt(rollout: "ro", attempt: "at"),
            cursor: 1, state: row.isClosed ? .closed : row.isSettled ? .settled : .open,
            firstReceivedUnixNano: 0, lastReceivedUnixNano: Self.at(row.lastReceived),
            lastRequest: 7, mendedThrough: row.isDirty ? 3 : 7,
            closedThrough: row.isClosed ? 7 : 0, revision: row.revision,
            revisedUnixNano: Self.at(row.revised),
            mendNanoseconds: Self.at(row.mendSeconds), isWhole: row.isWhole,
            isSettled: row.isSettled)
        let rule = RevisionRule(settling: SettlingRule())
        #expect(rule.decide(run, nowUnixNano: Self.at(row.now)) == row.expected)
    }
}
