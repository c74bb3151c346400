import Source

/// What is to be said about weights that are used all the same.
enum WeightsReport {
    /// Warns that nothing says how pictures are to be normalized.
    static func warnOfNormalization(_ weights: String, _ network: String) {
        warn(
            "\(weights) does not say how pictures were normalized, and '\(network)' has no `normalize`: values from 0 to 1 are assumed",
            help: "give what they were trained with as --prepare 'mean: …, std: …', or write it behind the input of '\(network)'")
    }

    static func warn(_ message: String, help: String? = nil) {
        let diagnostic = Diagnostic(message, severity: .warning, at: .none, help: help)
        Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(diagnostic))
    }
}
