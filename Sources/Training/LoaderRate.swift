/// How fast a loader made batches, and how long it was waited for.
public struct LoaderRate: Equatable, Sendable {
    /// The threads that make batches.
    public let threads: Int
    /// The batches and pictures that were made.
    public internal(set) var batches = 0
    public internal(set) var pictures = 0
    /// How long they took to make, on all threads together, without the time in which no buffer was free.
    public internal(set) var makingSeconds = 0.0
    /// How long the loader's owner waited for batches, but for the first one.
    public internal(set) var waitingSeconds = 0.0

    public init(threads: Int = 1) { self.threads = threads }

    /// What the loader can make, whether it is waited for or not; 0 before the first batch.
    public var picturesPerSecond: Double { makingSeconds > 0 ? Double(pictures * threads) / makingSeconds : 0 }

    /// Whether so many seconds of work with the batches, waiting included, would have been noticeably fewer with a faster loader.
    public func wasLimit(of seconds: Double) -> Bool { batches > 2 && waitingSeconds > 0.1 * seconds }
}
