import Foundation
import Graph
import Kernels
import Source

/// What a line of source costs: the steps that compute what it makes, directly or by the blocks that it calls.
public struct LineTime: Codable, Hashable, Sendable {
    /// As the source is named, or relative to where a record is kept.
    public var file: String
    /// Counted from 1.
    public var line: Int
    /// Its text without spaces around it, by which the line is found again when others were added above it.
    public var text: String
    /// Of one run.
    public var ms: Double
    /// The part of all steps' time, from 0 to 1. Lines with calls hold what the called blocks' lines do.
    public var share: Double
    /// How many steps of the plan.
    public var steps: Int
    /// Other lines whose values those steps compute on the way: what was fused with the line.
    public var fused: [Int]

    init(file: String, line: Int, text: String, ms: Double = 0, share: Double = 0, steps: Int = 0, fused: [Int] = []) {
        (self.file, self.line, self.text, self.ms, self.share, self.steps, self.fused) = (file, line, text, ms, share, steps, fused)
    }
}

extension LineTime {
    /// The lines of a network's source, by file and number.
    ///
    /// A step counts for the line of what it mainly computes, a contraction if it has one, and for the lines of the calls that led there.
    ///
    /// - Parameter seconds: of each step of the plan.
    static func all(of plan: Plan, seconds: [Double], in sources: SourceMap) -> [LineTime] {
        struct Place: Hashable { var file: FileID, line: Int }
        func place(_ span: Span) -> Place? {
            sources[span.file].map { Place(file: span.file, line: $0.lineIndex(at: Int(span.lower)) + 1) }
        }
        var found: [Place: LineTime] = [:]
        let all = seconds.reduce(0, +)
        for planned in plan.groups where !planned.steps.isEmpty {
            let group = planned.group
            guard let main = group.mainMember else { continue }
            let node = group.graph[main]
            let time = planned.steps.reduce(0) { $0 + seconds[$1] }
            let own = place(node.span)
            let fused = Set(
                group.members.compactMap { place(group.graph[$0].span) }.filter { $0.file == own?.file && $0 != own }.map(\.line))
            for place in Set([own].compactMap(\.self) + node.calls.places.compactMap(place)) {
                let source = sources[place.file]!
                var line =
                    found[place]
                    ?? LineTime(
                        file: source.name, line: place.line, text: source.line(place.line - 1).trimmingCharacters(in: .whitespaces))
                line.ms += time * 1e3
                line.share += all > 0 ? time / all : 0
                line.steps += planned.steps.count
                if place == own { line.fused = fused.union(line.fused).sorted() }
                found[place] = line
            }
        }
        return found.values.sorted { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    /// The same with its file's path relative to a folder, as it is kept in a record there.
    ///
    /// - Parameter folder: an absolute path.
    func relative(to folder: String) -> LineTime {
        func parts(_ path: String) -> [Substring] {
            URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path.split(separator: "/")
        }
        let (own, base) = (parts(file), parts(folder))
        let common = zip(own, base).prefix { $0 == $1 }.count
        var line = self
        line.file = (base[common...].map { _ in ".." } + own[common...].map(String.init)).joined(separator: "/")
        return line
    }
}

extension Group {
    /// What takes the time of the group's kernel: its largest contraction; else what is no element-wise expression; else its last node.
    fileprivate var mainMember: Value? {
        let contractions = members.compactMap { member in facts.contraction(of: member).map { (member, $0.termCount) } }
        return contractions.max { $0.1 < $1.1 }?.0 ?? members.first { facts.expression(of: $0) == nil } ?? members.last
    }
}
