import Inbox
import Synchronization

/// Which silent runs stay open because their attempts still run, as the stores that know them say.
///
/// Silence alone does not tell that a rollout is over: a model may think for longer than anybody's
/// patience. Whoever assembles runs asks here; the watches over the stores answer.
final class RunningAttempts: Sendable {
    private struct Question {
        /// When it was asked, or a store said last that the attempt runs.
        var newsUnixNano: Int64
        /// What each store says that has answered.
        var isRunning: [String: Bool] = [:]
    }

    private let stores: Int
    private let questions = Mutex<[RunKey: Question]>([:])

    /// A store that says nothing for so long holds no run up: the other sinks wait for it too.
    private static let longestWaitNanoseconds: Int64 = 300_000_000_000

    /// - Parameter stores: how many answer.
    init(stores: Int) {
        self.stores = stores
    }

    /// Whether a silent run is to stay open: some store says that its attempt runs, or not all have
    /// answered yet.
    func holds(_ run: RunKey, nowUnixNano now: Int64) -> Bool {
        guard stores > 0 else { return false }
        return questions.withLock { questions in
            let question = questions[run] ?? Question(newsUnixNano: now)
            let isSilent =
                now.subtracting(question.newsUnixNano) > Self.longestWaitNanoseconds
            let isRunning = question.isRunning.values.contains(true)
            guard !isSilent, isRunning || question.isRunning.count < stores else {
                questions[run] = nil
                return false
            }
            questions[run] = question
            return true
        }
    }

    /// The runs that were asked for.
    var asked: [RunKey] { questions.withLock { Array($0.keys) } }

    /// What a store says about an attempt; of no effect where nobody asked.
    func answer(_ run: RunKey, isRunning: Bool, store: String, nowUnixNano now: Int64) {
        questions.withLock { questions in
            questions[run]?.isRunning[store] = isRunning
            if isRunning { questions[run]?.newsUnixNano = now }
        }
    }

    /// Nobody waits for the run any more.
    func forget(_ run: RunKey) { questions.withLock { $0[run] = nil } }
}
