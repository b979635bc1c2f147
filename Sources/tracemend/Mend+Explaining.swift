import Mending
import OTLP

extension Mend {
    /// Prints the candidates for a span's place, and what counts for and against each.
    func explain(_ id: SpanID, _ explanations: [RepairExplanation]) throws {
        guard !explanations.isEmpty else {
            throw Failure("no span \(id) is in these files")
        }
        for explanation in explanations {
            try show("\(explanation.name) \(id)\n")
            try show("  \(place(of: explanation))\n")
            for candidate in explanation.candidates {
                let mark = candidate.isChosen ? "->" : "  "
                try show("  \(mark) \(rounded(candidate.weight))  \(candidate.name) ")
                try show("\(candidate.key.spanID)\n")
                for (text, weight) in candidate.evidence {
                    try show("         \(rounded(weight))  \(text)\n")
                }
            }
        }
    }

    private func place(of explanation: RepairExplanation) -> String {
        guard let repair = explanation.repair else { return "its reported parent stands" }
        let reason = "by \(repair.rule), confidence \(repair.confidence)"
        guard let parent = explanation.parent else { return "a root \(reason)" }
        if explanation.isBelowPlaceholder {
            return "below a placeholder for its lost parent \(reason)"
        }
        return "below \(explanation.parentName) \(parent.spanID) \(reason)"
    }

    private func rounded(_ weight: Double) -> String {
        let hundredths = Int((weight * 100).rounded())
        let (whole, rest) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
        return (hundredths < 0 ? "-" : "+") + "\(whole)." + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
