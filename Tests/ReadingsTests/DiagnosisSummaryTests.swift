import OTLP
import Readings
import Testing

@Suite("The diagnoses of many runs")
struct DiagnosisSummaryTests {
    private func diagnosis(
        _ run: String, triplets: Int64, _ codes: String...
    ) -> JSONValue {
        [
            "run": .string(run), "triplets": .int(triplets),
            "triplets_with_token_ids": .int(triplets / 2), "triplets_with_reward": 0,
            "findings": .array(
                codes.map { code in
                    ["code": .string(code), "what": .string("\(code) of \(run)"), "advice": "mend"]
                }),
        ]
    }

    @Test func runsWithoutTripletsAreGroupedByReason() {
        var summary = DiagnosisSummary()
        summary.add(diagnosis("a", triplets: 4, "no_reward"))
        summary.add(diagnosis("b", triplets: 0, "no_model_call", "no_reward"))
        summary.add(diagnosis("c", triplets: 0, "not_settled", "unknown_dialect"))
        summary.add(diagnosis("d", triplets: 0, "parked", "parked", "unknown_dialect"))
        summary.add(diagnosis("e", triplets: 2))
        #expect(summary.runs == 5)
        #expect(summary.runsWithoutTriplets == ["b", "c", "d"])
        #expect(summary.triplets == 6)
        #expect(summary.tripletsWithTokenIDs == 3)
        #expect(
            summary.silentReasons.map { "\($0.code): \($0.runs.joined(separator: " "))" } == [
                "unknown_dialect: c d", "no_model_call: b", "not_settled: c", "parked: d",
            ])
        #expect(summary.silentReasons.first?.what == "unknown_dialect of c")
        let other = summary.otherReasons
        #expect(other.map(\.code) == ["no_reward"])
        #expect(other.map(\.what) == ["no_reward of a"])
        #expect(other.map(\.advice) == ["mend"])
        #expect(other.map(\.runs) == [["a"]])
    }

    @Test func whatIsNoDiagnosisCountsAsARunWithoutTriplets() {
        var summary = DiagnosisSummary()
        summary.add(.null)
        #expect(summary.runs == 1)
        #expect(summary.runsWithoutTriplets == [""])
        #expect(summary.silentReasons.isEmpty)
    }
}
