import ArgumentParser
import Foundation
import Training

/// What is looked at beside the steps of a training.
struct WatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What is looked at beside the steps, layer by layer: gradients, for the norms of gradients and weights, updates, activations, dead and "
                + "saturated units; or gradients,singular for the weights' largest singular values, too. Writes OUT.layers.csv, OUT.gradients.svg and "
                + "OUT.gradients.png. The training's bits stay as they are.",
            valueName: "what"),
        transform: WatchOptions.subjects)
    var watch: Set<Subject>?

    @Option(
        help: ArgumentHelp(
            "With --watch: the steps from one that is watched to the next; besides, the 1st, 2nd, 5th, 10th, 20th, 50th and so on, up to that "
                + "(default: \(WatchSchedule.usualInterval)).",
            valueName: "steps"))
    var watchEvery: Int?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "With --watch: ends the training behind a checkpoint, with status 1, where a layer is so in a step that is watched, as 'gradient < 1e-8', "
                + "'update > 0.1' or 'dead in blocks.* > 0.9': QUANTITY [in PATTERN] < or > NUMBER; may be given repeatedly. Quantities: "
                + "\(WatchedQuantity.all.map(\.name).joined(separator: ", ")).",
            valueName: "condition"),
        transform: WatchOptions.condition)
    var stopIf: [StopCondition] = []

    enum Subject: String, CaseIterable {
        case gradients, singular
    }

    /// What to watch, and when; nil where nothing is watched.
    var request: GradientWatch.Options? {
        watch.map { subjects in
            GradientWatch.Options(
                schedule: WatchSchedule(interval: watchEvery ?? WatchSchedule.usualInterval),
                findsSingularValues: subjects.contains(.singular), conditions: stopIf)
        }
    }

    func validate() throws {
        if let watchEvery, !(1...1_000_000).contains(watchEvery) {
            throw ValidationError("--watch-every must be from 1 to 1000000, not \(watchEvery)")
        }
        guard watch == nil else { return }
        if watchEvery != nil { throw ValidationError("--watch-every says when, but nothing is watched: give --watch gradients, too") }
        if !stopIf.isEmpty { throw ValidationError("--stop-if is about what is watched, and nothing is: give --watch gradients, too") }
    }

    /// Reads what is to be watched.
    static func subjects(_ text: String) throws -> Set<Subject> {
        let known = Subject.allCases.map(\.rawValue).joined(separator: " and ")
        let subjects = try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            guard let subject = Subject(rawValue: word.trimmingCharacters(in: .whitespaces)) else {
                throw ValidationError("'\(word)' cannot be watched; there are \(known), with a comma between")
            }
            return subject
        }
        return Set(subjects)
    }

    private static func condition(_ text: String) throws -> StopCondition {
        do {
            return try StopCondition(text)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
