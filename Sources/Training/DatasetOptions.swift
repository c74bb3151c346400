/// How a data set is opened.
public struct DatasetOptions: Equatable, Sendable {
    /// Whether pictures that cannot be read are left out, and named in `Dataset.skipped`; otherwise they are errors.
    public var skipsBroken: Bool

    public init(skipsBroken: Bool = false) {
        self.skipsBroken = skipsBroken
    }
}
