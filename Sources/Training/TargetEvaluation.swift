import Foundation
import Graph
import Recipes
import Runtime

/// How well a network does on what is known of held-out pictures, where that is not just one class of each.
public struct TargetEvaluation: Sendable {
    /// As the training has it.
    public var loss: Double
    /// What is reported beside it, and its value; nil where nothing is known to go with the loss.
    public var metric: (metric: Metric, value: Double)?
    /// What the network's answers say in detail; nil where it is not known what they are compared with.
    public var scores: TargetScores?
    /// Pictures, or tuples of them.
    public var count: Int
    public var seconds: Double
    /// Of the answers, what is not finite.
    public var nonFinite: NonFiniteValues?
}

/// What the answers of a network are found to be, by what they are compared with.
public enum TargetScores: Equatable, Sendable {
    /// Of each class whether a picture, or a pixel, belongs to it: several may.
    case labels([LabelCounts])
    /// Numbers of each picture.
    case numbers([NumberErrors])
    /// The class of each pixel.
    case pixels(ConfusionMatrix)
    /// The pictures themselves.
    case pictures(PictureErrors)
}

/// How often one class of several was found where it is.
public struct LabelCounts: Equatable, Sendable {
    public var name: String
    /// Said and right, said and wrong, not said and wrong, not said and right.
    public var hits = 0
    public var falseAlarms = 0
    public var misses = 0
    public var rejections = 0

    public init(name: String) { self.name = name }

    /// Counts one answer.
    mutating func add(isSaid: Bool, isTrue: Bool) {
        switch (isSaid, isTrue) {
        case (true, true): hits += 1
        case (true, false): falseAlarms += 1
        case (false, true): misses += 1
        case (false, false): rejections += 1
        }
    }

    /// As those of a class of which each picture has one.
    public var scores: ConfusionMatrix.ClassScores {
        func share(_ part: Int, of all: Int) -> Double? { all > 0 ? Double(part) / Double(all) : nil }
        return ConfusionMatrix.ClassScores(
            support: hits + misses, precision: share(hits, of: hits + falseAlarms), recall: share(hits, of: hits + misses),
            f1: share(2 * hits, of: 2 * hits + falseAlarms + misses))
    }

    /// The share of right answers; nil where there are none.
    public var accuracy: Double? {
        let all = hits + falseAlarms + misses + rejections
        return all > 0 ? Double(hits + rejections) / Double(all) : nil
    }
}

/// How far predicted numbers are from the right ones.
public struct NumberErrors: Equatable, Sendable {
    public var name: String
    private var count = 0
    private var sizes = 0.0
    private var squares = 0.0

    public init(name: String) { self.name = name }

    mutating func add(_ difference: Double) {
        count += 1
        sizes += abs(difference)
        squares += difference * difference
    }

    public var meanAbsolute: Double? { count > 0 ? sizes / Double(count) : nil }
    public var rootMeanSquare: Double? { count > 0 ? (squares / Double(count)).squareRoot() : nil }
}

/// How far predicted pictures are from the right ones, in values of pixels from 0 to 1.
public struct PictureErrors: Equatable, Sendable {
    private var errors = NumberErrors(name: "pixel")

    mutating func add(_ difference: Double) { errors.add(difference) }

    public var meanAbsolute: Double? { errors.meanAbsolute }

    /// The peak signal-to-noise ratio in decibels, `-10 log10` of the mean square over all pixels of all pictures; infinite where they are
    /// equal.
    public var signalToNoise: Double? { errors.rootMeanSquare.map { -20 * log10($0) } }
}

extension ConfusionMatrix {
    /// Of a class the pixels that are both of it and taken for it, over those that are either: intersection over union. Nil where there are
    /// none.
    public func intersectionOverUnion(_ label: Int) -> Double? {
        let union = classNames.indices.reduce(0) { $0 + self[label, $1] + ($1 == label ? 0 : self[$1, label]) }
        return union > 0 ? Double(self[label, label]) / Double(union) : nil
    }

    /// Its mean over the classes that occur or are predicted.
    public var meanIntersectionOverUnion: Double? {
        let all = classNames.indices.compactMap { intersectionOverUnion($0) }
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
    }
}
