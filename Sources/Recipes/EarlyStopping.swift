import Graph

/// When a training ends before its last epoch: when the held-out loss, or that of the training where nothing is held out, has not
/// improved for some epochs. As `EarlyStopping` of Keras and of PyTorch Lightning count them.
public struct EarlyStopping: Hashable, Sendable {
    /// The epochs without an improvement in a row behind which a training ends.
    public var patience: Int
    /// By how much more than this a loss must be below the best one, to be better.
    public var minimumChange: Double

    public init(patience: Int, minimumChange: Double = 0) {
        self.patience = patience
        self.minimumChange = minimumChange
    }

    public static let parameters: [FormParameter] = [
        .integer("patience", 1...100_000), .number("minimum_change", 0...1e6, default: 0),
    ]

    var clause: String {
        "stop patience: \(patience)"
            + (minimumChange == 0 ? "" : ", minimum_change: \(Attribute.number(minimumChange).text(as: .number))")
    }
}

extension TrainingRecipe {
    /// Whether the weights of the best epoch are the result, and not those of the last.
    public var keepsBestWeights: Bool { keepsBest || stopping != nil }

    /// The best of epochs, counted from 0, by their losses; nil before the first.
    public func bestEpoch(of losses: [Double]) -> Int? {
        var best: Int?
        for (epoch, loss) in losses.enumerated() where best.map({ loss < losses[$0] - (stopping?.minimumChange ?? 0) }) ?? true {
            best = epoch
        }
        return best
    }

    /// Whether a training ends behind epochs of these losses, though it could go on.
    public func stops(after losses: [Double]) -> Bool {
        guard let stopping, let best = bestEpoch(of: losses) else { return false }
        return losses.count - 1 - best >= stopping.patience
    }
}
