import Dispatch
import Synchronization

/// Where bodies are inflated and decoded: as many at a time as there are lanes, and only while what
/// they may take fits into the budget. The rest waits its turn, first come first served.
///
/// Bodies that may take more than the whole budget are decoded alone.
final class DecodingLanes: Sendable {
    private struct Job {
        var bytes: Int
        var work: @Sendable () -> Void
    }

    private struct State {
        var running = 0
        var bytes = 0
        /// An array, since a slice would keep the jobs that left it, and their bodies.
        var waiting: [Job] = []
    }

    private let queue = DispatchQueue(label: "tracemend.decoding", attributes: .concurrent)
    private let state = Mutex(State())
    private let lanes: Int
    private let budgetBytes: Int

    init(lanes: Int, budgetBytes: Int) {
        self.lanes = max(1, lanes)
        self.budgetBytes = budgetBytes
    }

    /// Jobs that wait for a lane.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Runs the work on a thread of its own when there is a lane and room.
    /// - Parameter bytes: what the work may take.
    func run(bytes: Int, _ work: @escaping @Sendable () -> Void) {
        start(
            state.withLock { state in
                state.waiting.append(Job(bytes: bytes, work: work))
                return next(&state)
            })
    }

    private func start(_ jobs: [Job]) {
        for job in jobs {
            queue.async {
                job.work()
                self.start(
                    self.state.withLock { state in
                        state.running -= 1
                        state.bytes -= job.bytes
                        return self.next(&state)
                    })
            }
        }
    }

    private func next(_ state: inout State) -> [Job] {
        var jobs: [Job] = []
        while let job = state.waiting.first, state.running < lanes,
            state.running == 0 || job.bytes <= budgetBytes - state.bytes
        {
            state.waiting.removeFirst()
            state.running += 1
            state.bytes += job.bytes
            jobs.append(job)
        }
        return jobs
    }
}
