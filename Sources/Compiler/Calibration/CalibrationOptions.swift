import Interchange
import Training

/// What a precision is to be found for.
public struct CalibrationOptions: Sendable {
    /// The largest difference of an output from fp64 that is allowed, relative to the output's largest value.
    public var tolerance: Double
    /// The images of a run.
    public var batch: Int
    /// A file of weights; nil for those of the initializers with seed 0.
    public var weights: WeightsFile?
    /// Layers that are measured one by one at most; of more, those of a block together.
    public var mostCandidates = 96

    public init(tolerance: Double, batch: Int, weights: WeightsFile?) {
        (self.tolerance, self.batch, self.weights) = (tolerance, batch, weights)
    }
}

/// How far calibrating is.
public struct CalibrationProgress: Sendable {
    public var text: String
    /// From 0 to 1, of the stretch of work that the text tells of.
    public var part: Double
}
