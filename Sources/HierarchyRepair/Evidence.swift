/// What counts for or against a place in the tree.
///
/// Weights are natural logarithms of odds: +1 means "e times likelier here than elsewhere". They add
/// up, and what is the same for all candidates cancels out.
enum Evidence: String, Sendable {
    case reported = "the reported parent"
    case sameThread = "same thread"
    case otherThread = "another thread"
    case sharedText = "texts that both tell"
    case tightFit = "how tightly the times nest"
    case busy = "busy with something else"
    case heldDeeper = "something below was open around it, too"
    case usualCaller = "elsewhere in the run this calls that"
    case unusualCaller = "nowhere in the run this calls that"
    case seldomHolds = "such a span seldom holds such work"
    case likeLevel = "a part of the run that came loose on the same level"
    case sameRequest = "method and path are the same"
    case samePort = "the port is the same"
    case sameStatus = "the status is the same"
    case sameNumber = "the same number in the name"
    case startedLike = "it started other processes of that service"
    case outlives = "ends after it"
    case beganLater = "began only afterwards"
    case finished = "was over before"
    case clock = "the clocks would be apart"

    /// The weights, all in one place. Where a row is a factor, the text says of what.
    static let reportedWeight = 1.0
    static let sameThreadWeight = 4.0
    static let otherThreadWeight = -1.0
    /// The first shared text; each further one counts half of the one before.
    static let sharedTextWeight = 3.0
    /// Per doubling-like unit: times ln(1 + slack / 2 ms), for each side.
    static let fitWeight = -0.35
    static let fitScale = 2_000_000.0
    /// By what the two that overlap do: a model call and a tool of one agent never do; tools often.
    static let busyWeight = -2.0
    static let busyTwiceModelWeight = -1.5
    static let busyAlikeWeight = -0.5
    static let heldDeeperWeight = -2.0
    static let usualCallerWeight = 0.6
    static let unusualCallerWeight = -0.4
    static let likeLevelWeight = -1.5
    static let samePathWeight = 3.0
    static let sameMethodWeight = 0.5
    static let samePortWeight = 1.0
    static let sameStatusWeight = 0.3
    static let sameNumberWeight = 1.0
    /// For a step that started several like it; half of it where it was one.
    static let startedLikeWeight = 3.0
    static let finishedWeight = -0.5
    /// For a step that began only after what it would have started.
    static let beganLaterWeight = -1.0
    /// Times ln(1 + offset / 50 ms).
    static let clockWeight = -1.0
    static let clockScale = 50_000_000.0

    /// A lead below this is none: the nearest ancestor that the candidates share is taken.
    static let leadNeeded = 0.8
    /// Hosts that are behind the best by more are not weighed with other parts' hosts.
    static let leadThatHolds = 4.0

    /// Without Foundation: e to the power of x by halving and squaring.
    static func exponential(_ x: Double) -> Double {
        guard x > -40 else { return 0 }
        guard x < 40 else { return 2.4e17 }
        let small = x / 1024
        var power = 1 + small * (1 + small / 2 * (1 + small / 3))
        for _ in 0..<10 { power *= power }
        return power
    }

    /// The natural logarithm of 1 + x for x ≥ 0, to three digits, without Foundation.
    static func logarithm(onePlus x: Double) -> Double {
        let value = 1 + max(0, x)
        let exponent = Double(value.exponent)
        let m = value.significand
        let t = (m - 1) / (m + 1)
        let square = t * t
        return exponent * 0.693_147_180_56
            + 2 * t * (1 + square * (1.0 / 3 + square * (0.2 + square / 7)))
    }

    /// The natural logarithm of x, 0 < x ≤ 1.
    static func logarithm(of x: Double) -> Double { -logarithm(onePlus: 1 / x - 1) }

    /// How well a stretch of time with such a rest on one side fits.
    static func fit(_ slack: UInt64) -> Double {
        fitWeight * logarithm(onePlus: Double(slack) / fitScale)
    }
}

/// The evidence for one candidate; the list of items is kept only for those who ask.
struct Weight: Sendable {
    private(set) var total = 0.0
    private(set) var items: [(evidence: Evidence, weight: Double)] = []
    let isTold: Bool

    init(isTold: Bool = false) { self.isTold = isTold }

    mutating func add(_ evidence: Evidence, _ weight: Double) {
        guard weight != 0 else { return }
        total += weight
        if isTold { items.append((evidence, weight)) }
    }
}
