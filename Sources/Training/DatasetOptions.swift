/// How a data set is opened.
public struct DatasetOptions: Equatable, Sendable {
    /// Whether pictures that cannot be read are left out, and named in `Dataset.skipped`; otherwise they are errors.
    public var skipsBroken: Bool
    /// What is held out, where the data have no held-out part.
    public var split: DatasetSplit?
    /// The classes that weights remember, which labels are then told apart by; nil takes those of the data.
    public var classNames: [String]?
    /// What is to be known of the pictures.
    public var wish = DatasetWish.classes
    /// The class of pixels that stands for none, and does not count; nil where all count.
    public var ignoredLabel: Int?

    public init(skipsBroken: Bool = false, split: DatasetSplit? = nil, classNames: [String]? = nil) {
        self.skipsBroken = skipsBroken
        self.split = split
        self.classNames = classNames
    }
}
