import Foundation
import Kernels
import LoopNest

/// One thing that `braid tune` measured: how a contraction is best computed with some number of threads.
public struct TuningEntry: Codable, Hashable, Sendable {
    /// `ContractionShape.tuningKey`.
    public var shape: String
    public var numerics: String
    public var threads: Int
    public var choice: TunedChoice
    /// Where it was measured, for people.
    public var layer: String
    /// Of the layer, with the cost model's choice and with this one.
    public var msBefore: Double
    public var msAfter: Double

    private enum CodingKeys: String, CodingKey {
        case shape, numerics, threads, choice, layer
        case msBefore = "ms_before"
        case msAfter = "ms_after"
    }
}

/// What was measured on one machine.
///
/// Bits must not depend on the number of threads, so a shape has one algorithm (with some numerics) whatever the threads, that of the
/// last measurement; schedules are kept by the threads that they were measured with.
public struct TuningTable: Hashable, Sendable {
    /// A text of all of the machine that choices follow from.
    public let machine: String
    public private(set) var entries: [TuningEntry] = []

    public init(machine: String) { self.machine = machine }

    public init(_ target: Target) {
        // What was measured is what beats the model's choices, which are others where the model goes by other figures.
        let figures = target.speed.figures
        machine = Self.machine(target) + (figures == MachineSpeed.amdZen4.figures ? "" : Self.figuresMark + figures)
    }

    /// The machine without the figures that the cost model goes by.
    private static func machine(_ target: Target) -> String {
        [
            target.processor, "\(target.lanes) lanes", "\(target.vectors.registers) registers",
            "caches of \(target.caches.level1), \(target.caches.level2) and \(target.caches.level3)", target.features,
        ].joined(separator: "; ")
    }

    private static let figuresMark = "; figures: "

    /// Whether a text is that of a target, whatever figures the cost model went by.
    static func isMachine(_ text: String, of target: Target) -> Bool {
        let machine = machine(target)
        return text == machine || text.hasPrefix(machine + figuresMark)
    }

    /// What was measured: a shape, and which algorithm is best for it.
    public struct Verdict: Hashable, Sendable {
        public var shape: String
        public var numerics: String
        public var threads: Int
        public var algorithm: String

        public init(shape: String, numerics: String, threads: Int, algorithm: String) {
            (self.shape, self.numerics, self.threads, self.algorithm) = (shape, numerics, threads, algorithm)
        }

        public init(_ entry: TuningEntry) {
            self.init(shape: entry.shape, numerics: entry.numerics, threads: entry.threads, algorithm: entry.choice.algorithm)
        }
    }

    /// Enters all that one measurement found.
    ///
    /// - Parameters:
    ///   - found: what is better than the cost model's choice.
    ///   - measured: all that was measured. What is known of the same threads is replaced, what is known of other algorithms dropped.
    public mutating func note(_ found: [TuningEntry], measured: [Verdict]) {
        struct Place: Hashable {
            var shape: String
            var numerics: String
        }
        let verdicts = Dictionary(measured.map { (Place(shape: $0.shape, numerics: $0.numerics), $0) }) { _, last in last }
        entries.removeAll { entry in
            guard let verdict = verdicts[Place(shape: entry.shape, numerics: entry.numerics)] else { return false }
            return entry.threads == verdict.threads || entry.choice.algorithm != verdict.algorithm
        }
        entries += found
    }

    /// What a plan for these numerics and threads is made with.
    public func choices(numerics: Numerics, threads: Int) -> TunedChoices {
        var choices: [String: TunedChoice] = [:]
        for entry in entries where entry.numerics == "\(numerics)" {
            if entry.threads == threads {
                choices[entry.shape] = entry.choice
            } else if choices[entry.shape]?.algorithm != entry.choice.algorithm {
                choices[entry.shape] = entry.choice.withoutSchedule
            }
        }
        return TunedChoices(choices)
    }
}
