import Analysis
import Foundation
import Interchange
import Training

/// Gradients of networks, layer by layer: predicted as lines, and those of trainings that were watched as dots.
struct GradientPlot {
    struct Network {
        var name: String
        var gradients: [PredictedGradient]
        /// By the layer's name; nil where no training was given.
        var measured: [String: Double]?
    }

    private(set) var networks: [Network]

    /// - Parameter networks: those that nothing trains are left out.
    init(_ networks: [LintOutcome.Network]) {
        self.networks = networks.filter { !$0.gradients.isEmpty }.map { Network(name: $0.name, gradients: $0.gradients) }
    }

    /// Adds what was measured of the network that a training's history names.
    ///
    /// - Parameter name: of the training, as `braid runs` takes it.
    mutating func add(trainingNamed name: String) throws(InterchangeError) {
        let path = try TrainingRecord.path(named: name)
        let file = try TrainingRecord.File(path: path)
        guard let run = file.record.run else {
            throw InterchangeError(path, "this history does not say which network was trained", repair: "train it with this version")
        }
        if let weights = run.weights {
            throw InterchangeError(
                path, "this training began with the weights of '\(weights)', and predictions are of random ones",
                repair: "name a training without --weights")
        }
        let places = networks.indices.filter { networks[$0].name == run.network }
        guard let place = places.first else {
            throw InterchangeError(
                path, "this is a training of '\(run.network)', which is not drawn",
                repair: "name one of \(networks.map { "'\($0.name)'" }.joined(separator: ", "))")
        }
        guard places.count == 1 else {
            throw InterchangeError(path, "several of the networks are called '\(run.network)'", repair: "draw one of them")
        }
        if networks[place].measured != nil {
            throw InterchangeError(path, "'\(run.network)' has a training already", repair: "name one training a network")
        }
        let watched = try file.watchedGradients()
        let absent = networks[place].gradients.first { watched.norms[$0.layer] == nil }
        if let absent {
            throw InterchangeError(
                path, "the training watched no layer '\(absent.layer)'",
                repair: "train the network as it is drawn, with the same -D and no --freeze")
        }
        networks[place].measured = watched.norms
    }

    /// Norms over the place between input and loss. Of layers that stand side by side, such as a shortcut's beside those that it leads around,
    /// the geometric mean.
    var plot: Plot {
        let isMeasured = networks.contains { $0.measured != nil }
        var series = networks.enumerated().map { index, network in
            Plot.Series(
                network.name, color: index, Self.means(network.gradients.map { ($0.depth, $0.gradient) }))
        }
        for (index, network) in networks.enumerated() {
            guard let measured = network.measured else { continue }
            let points = network.gradients.compactMap { layer in measured[layer.layer].map { (layer.depth, $0) } }
            series.append(Plot.Series(style: .dots, color: index, Self.means(points)))
        }
        return Plot(
            "gradients when training begins" + (isMeasured ? ": predicted (lines) and measured (dots)" : ", predicted"),
            [
                Plot.Panel(
                    "norm of each layer's gradient", x: Plot.Axis("layer, from the input to the loss"),
                    y: Plot.Axis("", .logarithmic), series)
            ])
    }

    private static func means(_ layers: [(depth: Int, norm: Double)]) -> [(x: Double, y: Double)] {
        var sums: [Int: (logarithms: Double, count: Int)] = [:]
        for layer in layers {
            let sum = sums[layer.depth] ?? (0, 0)
            sums[layer.depth] = (sum.logarithms + log(layer.norm), sum.count + 1)
        }
        // No gradient at all has no place on the axis, and breaks the line.
        return sums.keys.sorted().map { depth -> (x: Double, y: Double) in
            let sum = sums[depth] ?? (0, 1)
            return (Double(depth), exp(sum.logarithms / Double(sum.count)))
        }
    }
}
