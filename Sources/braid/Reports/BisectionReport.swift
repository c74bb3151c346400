import Compiler

/// What is at fault, as people read it.
struct BisectionReport {
    private let found: Bisection
    private let files: [String]

    init(_ found: Bisection, _ files: [String]) { (self.found, self.files) = (found, files) }

    func show() {
        if let pass = found.pass {
            print(
                "\(Console.bold("pass \(pass.pass)")) changes what the network computes: '\(pass.output)' by "
                    + "\(Format.scientific(pass.difference)) of its largest element in fp64")
            print("  `braid dump FILE --dump-after \(pass.pass)` shows what it made")
        } else {
            print("\(found.passes.count) passes keep what the network computes, in fp64")
        }
        guard let kernel = found.kernel else { return print("\(found.groups) groups of kernels compute what their nodes say") }
        print(
            "\(Console.bold("kernel \(kernel.kernels.joined(separator: ", "))")) is off by \(Format.scientific(kernel.error)) (rms), where "
                + "\(Format.scientific(kernel.allowed)) is allowed")
        print("  computes \(kernel.summary)" + (kernel.algorithm.map { ", by \($0)" } ?? "") + ", step \(kernel.steps.lowerBound)")
        print("  at \(kernel.worst.position) it is \(kernel.worst.found) and should be \(kernel.worst.expected)")
        for file in files { print("wrote \(file)") }
    }
}

/// What `braid bisect --json` prints.
struct BisectionRecord: Encodable {
    private let passes: [String]
    private let pass: String?
    private let output: String?
    private let difference: Double?
    private let groups: Int
    private let kernels: [String]?
    private let summary: String?
    private let error: Double?
    private let allowed: Double?
    private let files: [String]

    init(_ found: Bisection, _ files: [String]) {
        (passes, groups, self.files) = (found.passes, found.groups, files)
        (pass, output) = (found.pass?.pass, found.pass?.output)
        difference = found.pass.flatMap { $0.difference.isFinite ? $0.difference : nil }
        (kernels, summary) = (found.kernel?.kernels, found.kernel?.summary)
        (error, allowed) = (found.kernel.flatMap { $0.error.isFinite ? $0.error : nil }, found.kernel?.allowed)
    }
}
