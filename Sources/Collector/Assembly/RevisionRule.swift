import Inbox

/// When a run is mended again, and when it counts as settled. Pure: the clock is given.
struct RevisionRule: Sendable {
    let settling: SettlingRule

    /// What is to be done with a run.
    enum Decision: Hashable, Sendable {
        /// Mend now.
        case revise(isSettled: Bool)
        /// Look again at this time.
        case wait(untilUnixNano: Int64)
        /// Nothing, until new spans come.
        case rest
    }

    func decide(_ run: RunStatus, nowUnixNano now: Int64) -> Decision {
        if run.awaitsClosing { return .revise(isSettled: true) }
        let settlesAt = run.lastReceivedUnixNano.adding(silence(of: run))
        if run.isDirty {
            let due = run.revisionDueUnixNano
            guard due <= now else { return .wait(untilUnixNano: due) }
            // Whether a run that grew is whole is not known before it is mended.
            let isSilent = run.lastReceivedUnixNano.adding(settling.patience.nanoseconds) <= now
            return .revise(isSettled: isSilent || run.isSettled)
        }
        if run.isSettled { return .rest }
        return settlesAt <= now ? .revise(isSettled: true) : .wait(untilUnixNano: settlesAt)
    }

    private func silence(of run: RunStatus) -> Int64 {
        run.key.isTrace && run.isWhole
            ? settling.grace.nanoseconds : settling.patience.nanoseconds
    }
}

extension SettlingRule {
    var silence: Silence {
        Silence(
            graceNanoseconds: grace.nanoseconds, patienceNanoseconds: patience.nanoseconds)
    }
}

extension Int64 {
    /// The difference, at most the greatest number.
    func subtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .max : difference
    }

    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Duration {
    /// Whole nanoseconds; the greatest number where they are too many.
    var nanoseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : seconds.adding(components.attoseconds / 1_000_000_000)
    }
}
