/// How a data set is opened.
public struct DatasetOptions: Equatable, Sendable {
    /// Whether pictures that cannot be read are left out, and named in `Dataset.skipped`; otherwise they are errors.
    public var skipsBroken: Bool
    /// What is held out, where the data have no held-out part.
    public var split: DatasetSplit?
    /// The classes that weights remember, which labels are then told apart by; nil takes those of the data.
    public var classNames: [String]?
    /// The same where classes matter.
    var knownClassNames: [String]? { wish == .pictures ? nil : classNames }
    /// What is to be known of the pictures.
    public var wish = DatasetWish.classes
    /// The target that pictures are compared with themselves as, whose extents they have in place of the input's.
    public var pictureTarget: String?
    /// The class of pixels that stands for none, and does not count; nil where all count.
    public var ignoredLabel: Int?

    public init(skipsBroken: Bool = false, split: DatasetSplit? = nil, classNames: [String]? = nil) {
        self.skipsBroken = skipsBroken
        self.split = split
        self.classNames = classNames
    }
}

extension ImageExtents {
    /// What is wrong with pictures of other extents where a network takes these, and the repair: of its input, or of the target that is
    /// the picture itself.
    func refusal(of own: ImageExtents, target: String?) -> (problem: String, repair: String) {
        let declared = "f32[N, \(own.channels), \(own.height), \(own.width)]"
        guard let target else { return ("\(own) values, but the network takes \(self)", "declare the input as \(declared)") }
        return ("\(own) values, but the target '\(target)' \(self)", "declare the target '\(target)' as \(declared)")
    }
}
