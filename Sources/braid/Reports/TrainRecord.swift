/// What `braid train` did, as `--json` tells it.
struct TrainRecord: Encodable {
    var network: String
    var data: String
    var epochs: Int
    var batch: Int
    var seed: UInt64
    var steps: Int
    var seconds: Double
    /// What is reported beside the loss, and its value of held-out pictures; the accuracy once more by its name.
    var metric: String?
    var value: Double?
    var accuracy: Double?
    var loss: Double?
    /// The epoch whose weights are the result, where the recipe keeps the best.
    var keptEpoch: Int?
    var bestEpoch: Int?
    var bestValue: Double?
    var bestAccuracy: Double?
    var weights: String
    var checkpoint: String
    var history: String
    var curves: String
    var epochsTable: String
    var stepsTable: String
    var tensorboard: String?
    /// What was watched of the layers, as a table and as a picture, in how many steps, and what that took.
    var layersTable: String?
    var gradients: String?
    var watchedSteps: Int?
    var watchSeconds: Double?
    /// What the loader can make, and how long steps waited for it.
    var loaderImagesPerSecond: Double
    var waitedSeconds: Double
}
