"""The lessons: what each runs, the tables and pictures that come of it, and what was expected, as a condition on what was measured."""
import dataclasses
import math

from teaching import chart

FEW = 12_000


@dataclasses.dataclass
class Outcome:
    """Of one lesson: tables, claims and pictures by their names."""
    tables: dict = dataclasses.field(default_factory=dict)
    claims: list = dataclasses.field(default_factory=list)
    pictures: dict = dataclasses.field(default_factory=dict)

    def table(self, name, columns, rows):
        self.tables[name] = {"columns": list(columns), "rows": [list(map(str, row)) for row in rows]}

    def claim(self, text, seen):
        self.claims.append({"text": text, "seen": bool(seen)})


def percent(share):
    return "–" if share is None else f"{100 * share:.1f} %"


def power(value):
    return f"{value:.1e}" if value and not 0.01 <= abs(value) < 1000 else f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"


def ratio(value):
    return f"{value:.2f}"


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def numbers(rows, quantity):
    return [float(row[quantity]) for row in rows if row[quantity]]


def smooth(values, window, points=120):
    """Means over `window` steps, at so many places."""
    apart = max(1, len(values) // points)
    return [(end, mean(values[end - window:end])) for end in range(window, len(values) + 1, apart)]


def losses(trainings, title, window=30):
    """The picture of what trainings had as their loss, step by step."""
    series = [(name, smooth([float(row["loss"]) for row in training.rows("steps")], window)) for name, training in trainings.items()]
    return chart.svg(title, series, "step", f"loss of the training, mean of {window} steps")


def with_gradient(training):
    """The layers that have weights of rank 2 and more, in the first step."""
    return [row for row in training.layers(1) if row["gradient"] and "norm" not in row["layer"] and "bn" not in row["layer"]
            and not row["layer"].endswith("downsample.1")]


def activations(work):
    """sigmoid, tanh, ReLU and leaky ReLU side by side: saturation, zero-centred or not, dead units, cost"""
    data = work.data_set("fashion-mnist", FEW)
    names = {"sigmoid_units": "sigmoid", "tanh_units": "tanh", "relu_units": "ReLU", "leaky_relu_units": "leaky ReLU",
             "tanh_units_fast": "tanh, rate 0.05", "relu_units_fast": "ReLU, rate 0.05", "leaky_relu_units_fast": "leaky ReLU, rate 0.05"}
    usual = ["relu_units", *(name for name in names if name != "relu_units" and not name.endswith("fast"))]
    trainings = {name: work.train(name, data, watch=True) for name in names}
    times = work.times(usual, "--train", "--batch", "64")
    out, rows, found = Outcome(), [], {}
    for name, title in names.items():
        layers = [row for row in trainings[name].layers() if row["layer"].startswith("conv")]
        centre = mean(abs(m) / d for m, d in zip(numbers(layers, "mean"), numbers(layers, "deviation")) if d > 0)
        # Of a function that is flat nowhere nothing is told.
        dead = mean(numbers(layers, "dead")) or 0
        saturated = mean(numbers(layers, "saturated"))
        found[name] = (centre, saturated, dead)
        rows.append([title, percent(trainings[name].accuracy), ratio(centre), percent(saturated), percent(dead),
                     ratio(times[name]) if name in times else ""])
    out.table("functions", ["function", "held-out accuracy", "distance of the mean from 0, in deviations", "saturated", "dead units",
                            "time of a step, ReLU = 1"], rows)
    accuracy = {name: trainings[name].accuracy for name in usual}
    out.claim("what sigmoids hand on is further from zero-centred than what tanhs do", found["sigmoid_units"][0] > 2 * found["tanh_units"][0])
    out.claim("at a rate that is too high tanhs saturate, many times as many as at a sound one",
              found["tanh_units_fast"][1] > max(0.1, 10 * found["tanh_units"][1]))
    out.claim("at the higher rate some ReLUs are dead", found["relu_units_fast"][2] > 0)
    out.claim("no leaky ReLU is", found["leaky_relu_units_fast"][2] == 0)
    out.claim("sigmoids learn slowest", accuracy["sigmoid_units"] == min(accuracy.values()))
    out.claim("functions with an exponential cost more than ReLU",
              min(times["sigmoid_units"], times["tanh_units"]) > 1.02)
    out.pictures["loss"] = losses({names[name]: trainings[name] for name in usual}, "Four activation functions, Fashion-MNIST")
    return out


def vanishing_gradient(work):
    """a network of 30 layers with sigmoids that does not learn, and five cures"""
    data = work.data_set("mnist")
    what = {
        "sigmoids": "sigmoid, Xavier", "relus": "ReLU, He", "leaky_relus": "leaky ReLU, He", "gelus": "GELU, He",
        "normalized": "sigmoid, batch normalization before each", "shortcuts": "sigmoid, a shortcut around each layer",
        "selus": "SELU, LeCun", "tanhs": "tanh, Xavier",
        "adaptive": "sigmoid, Xavier, Adam in place of momentum"}
    out, rows, rules = Outcome(), [], {}
    trainings = {}
    for name, text in what.items():
        rules[name], _, predicted = work.lint(name)
        trainings[name] = training = work.train(name, data, watch=True)
        measured = with_gradient(training)
        rows.append([f"`{name}`", text, "yes" if "vanishing_gradient" in rules[name] else "no", power(predicted[0]["gradient"]),
                     power(float(measured[0]["gradient"])), percent(training.accuracy)])
    out.table("cures", ["network", "what it is", "lint says it vanishes", "first layer's gradient, predicted", "measured",
                        "held-out accuracy"], rows)
    out.claim("lint says of the sigmoids that their gradient vanishes", "vanishing_gradient" in rules["sigmoids"])
    out.claim("the sigmoids stay at chance", trainings["sigmoids"].accuracy < 0.15)
    for name in ("relus", "leaky_relus", "gelus", "normalized", "shortcuts", "selus", "tanhs"):
        out.claim(f"`{name}` learns, and lint says nothing of a vanishing gradient",
                  trainings[name].accuracy > 0.5 and "vanishing_gradient" not in rules[name])
    out.claim("adaptive steps alone are no cure", trainings["adaptive"].accuracy < 0.15)
    out.pictures["loss"] = losses(
        {name: trainings[name] for name in ("sigmoids", "relus", "normalized", "shortcuts")}, "Thirty layers, MNIST")
    drawn = ("sigmoids", "relus", "normalized", "shortcuts")
    out.pictures["gradients"] = gradients(work, drawn)
    return out


def gradients(work, names):
    """The picture that `braid lint` draws of networks that were trained."""
    path = work.path("gradients.svg")
    measured = [part for name in names for part in ("--measured", work.path(name))]
    work.run("lint", *map(work.network, names), "--plot", path, *measured)
    with open(path, encoding="utf-8") as file:
        return file.read()


def exploding_gradient(work):
    """weights that begin too large, and three cures that leave them as they are"""
    data = work.data_set("mnist")
    rules, _, _ = work.lint("exploding")
    out = Outcome()
    exploding = work.train("exploding", data, watch=True, fails=True)
    steps = exploding.rows("steps")
    rows = []
    for step in steps:
        layers = [row for row in exploding.layers(step["step"]) if row["gradient"]]
        updates = numbers(layers, "update")
        rows.append([step["step"], power(float(step["loss"])), power(max(numbers(layers, "gradient"), default=math.nan)),
                     power(max(updates, default=math.nan))])
    out.table("steps", ["step of `exploding`", "loss", "largest norm of a layer's gradient", "largest update over weight"], rows)
    what = {"clipped": "`clip norm 1.0`", "adaptive": "Adam", "normalized": "batch normalization", "well_begun": "momentum, He's weights"}
    cures = {name: work.train(name, data, watch=True) for name in what}
    out.table("cures", ["network", "what it is", "held-out accuracy"],
              [["`exploding`", "momentum, weights 1.5 times He's", exploding.message.split(" (")[0]]]
              + [[f"`{name}`", text, percent(cures[name].accuracy)] for name, text in what.items()])
    out.claim("lint says that it explodes", "exploding_gradient" in rules)
    out.claim("the training ends, since its loss is no number, in one of the first steps", not exploding.is_finished and len(steps) < 50)
    for name in ("clipped", "adaptive", "normalized"):
        out.claim(f"{what[name]} makes it learn", cures[name].accuracy > 0.5)
    out.claim("weights that begin as He's need no cure, and lint finds nothing", cures["well_begun"].accuracy > 0.5 and not work.lint("well_begun")[0])
    out.pictures["loss"] = losses({name: training for name, training in cures.items() if name != "well_begun"}, "Three cures of weights that begin too large, MNIST")
    return out


def residual_depth(work):
    """plain-34 against ResNet-34: gradients predicted and measured, and what they learn"""
    data = work.data_set("fashion-mnist", FEW)
    names = ("small_plain34", "small_resnet34")
    out, rows, growth, trainings, off = Outcome(), [], {}, {}, []
    for name in names:
        _, _, layers = work.lint(name)
        trainings[name] = training = work.train(name, data, watch=True)
        measured = {row["layer"]: float(row["gradient"]) for row in with_gradient(training)}
        growth[name] = convolution_growth(layers), measured["conv1"] / measured["layer4.2.conv2"]
        factors = sorted(max(layer["gradient"] / measured[layer["layer"]], measured[layer["layer"]] / layer["gradient"]) for layer in layers)
        off.append((factors[len(factors) // 2], factors[-1]))
        rows.append([f"`{name}`", *(f"{value:.1f}" for value in growth[name]), *map(ratio, off[-1]), f"{training.loss:.3f}",
                     percent(1 - training.epochs[-1]["metric"]), percent(1 - training.accuracy)])
    out.table("networks", ["network", "first convolution's gradient over the last's, predicted", "measured",
                           "prediction off by a factor of, in the median of the layers", "at most", "training loss", "training error",
                           "held-out error"], rows)
    plain, residual = (trainings[name] for name in names)
    out.claim("the plain network's gradients grow on their way back, many times as much as those of the residual one, as predicted",
              growth[names[0]][0] > 4 * growth[names[1]][0])
    out.claim("so they do as measured", growth[names[0]][1] > 4 * growth[names[1]][1])
    out.claim("predictions of each layer's gradient are off by a factor of 2 at most in the median, 4 in the worst layer",
              all(middle < 2 and worst < 4 for middle, worst in off))
    out.claim("the plain network has the larger training error: it is harder to train, not overfitted",
              plain.epochs[-1]["metric"] < residual.epochs[-1]["metric"])
    out.claim("its held-out error is larger, too", plain.accuracy < residual.accuracy)
    out.pictures["gradients"] = gradients(work, names)
    out.pictures["loss"] = losses({"plain-34": plain, "ResNet-34": residual}, "Plain-34 and ResNet-34, narrow, Fashion-MNIST")
    return out


def convolution_growth(layers):
    """How many times as large the first convolution's gradient is as the last one's, as predicted."""
    found = {layer["layer"]: layer["gradient"] for layer in layers}
    return found["conv1"] / found["layer4.2.conv2"]


def shortcuts(work):
    """the shortcuts of ResNet-34 removed one by one"""
    data = work.data_set("fashion-mnist", FEW)
    out, rows, points = Outcome(), [], []
    for without in range(17):
        chosen = ("-D", f"without={without}")
        _, _, layers = work.lint(None, *chosen)
        growth = convolution_growth(layers)
        training = work.train(None, data, *chosen, name=f"without{without}")
        rows.append([without, f"{growth:.1f}", f"{training.loss:.3f}", percent(training.accuracy)])
        points.append((without, growth, training.loss, 100 * (1 - training.accuracy)))
    out.table("removed", ["blocks without a shortcut", "first convolution's gradient over the last's, predicted", "training loss",
                          "held-out accuracy"], rows)
    out.claim("the predicted growth of the gradient rises with every shortcut that goes", all(a[1] < b[1] for a, b in zip(points, points[1:])))
    out.claim("without any the training loss is larger than with all", points[-1][2] > points[0][2])
    halves = mean(point[2] for point in points[:8]), mean(point[2] for point in points[9:])
    out.claim("with more than half of them gone the training loss is larger, on average, than with more than half there", halves[1] > halves[0])
    out.pictures["error"] = chart.svg(
        "ResNet-34, narrow, after one epoch: its shortcuts removed from the end on", [("", [(point[0], point[3]) for point in points])],
        "blocks without a shortcut, of 16", "held-out error, %", dots=True)
    return out


def described(work, name):
    record = work.json("describe", work.network(name))
    return record["parameters"], record["macs"], record["layers"]


def inception_reductions(work):
    """Inception with and without its 1x1 reductions: what they spare"""
    out, names = Outcome(), ("reduced", "naive")
    sizes = {name: described(work, name) for name in names}
    times = work.times(names)
    data = work.data_set("fashion-mnist", FEW)
    accuracy = {name: work.train(f"small_{name}", data).accuracy for name in names}
    rows = [[f"`{name}`", f"{sizes[name][2][-1]['shape'][1]}", f"{sizes[name][0]:,}", f"{sizes[name][1] / 1e6:,.0f} M",
             ratio(sizes[name][1] / sizes["reduced"][1]), ratio(times[name]), percent(accuracy[name])]
            for name in names]
    out.table("modules", ["network", "channels behind it", "parameters", "multiply-accumulates", "the same, `reduced` = 1",
                          "time, `reduced` = 1", "held-out accuracy of the small one"], rows)
    _, notes, _ = work.lint("naive")
    _, spared, _ = work.lint("reduced")
    out.claim("lint names the costly layer of the naive modules, and none of the others", "costly_layer" in notes and "costly_layer" not in spared)
    out.claim("the reductions spare more than half of the multiply-accumulates", sizes["naive"][1] > 2 * sizes["reduced"][1])
    out.claim("they spare more than half of the time", times["naive"] > 2)
    out.claim("the small network with them is at most two points less accurate", accuracy["reduced"] > accuracy["naive"] - 0.02)
    for name in names:
        out.pictures[name] = work.run("describe", work.network(name), "--svg").stdout
    return out


def small_kernels(work):
    """VGG's 3x3 stacks against one 7x7"""
    out, names = Outcome(), ("one_7x7", "three_3x3")
    data = work.data_set("fashion-mnist", FEW)
    sizes = {name: described(work, name) for name in names}
    trainings = {name: work.train(name, data) for name in names}
    times = work.times(names, "--batch", "16")
    steps = work.times(names, "--batch", "64", "--train")
    rows, middle = [], {}
    for name in names:
        layers = [layer for layer in sizes[name][2] if layer["label"].startswith("conv")]
        middle[name] = sum(layer["parameters"] for layer in layers), sum(layer["macs"] for layer in layers)
        rows.append([f"`{name}`", f"{layers[-1]['receptive_field']['size'][0]}", f"{middle[name][0]:,}", f"{middle[name][1] / 1e6:.2f} M",
                     percent(trainings[name].accuracy), ratio(times[name]), ratio(steps[name])])
    out.table("kernels", ["network", "pixels seen, a side", "parameters of these layers", "their multiply-accumulates", "held-out accuracy",
                          "time, `one_7x7` = 1", "time of a training step"], rows)
    out.claim("both see the same pixels", rows[0][1] == rows[1][1])
    out.claim("three 3x3 take 45 % fewer multiply-accumulates", abs(middle["three_3x3"][1] / middle["one_7x7"][1] - 27 / 49) < 0.01)
    out.claim("three 3x3 are at most half a point less accurate", trainings["three_3x3"].accuracy > trainings["one_7x7"].accuracy - 0.005)
    out.claim("three 3x3 predict faster", times["three_3x3"] < 1)
    out.pictures["loss"] = losses(trainings, "One 7x7 kernel and three of 3x3, Fashion-MNIST")
    return out


def dropout(work):
    """dropout on and off, where the pictures can be learned by heart"""
    data = work.data_set("fashion-mnist", 2000)
    out, rates = Outcome(), (0, 0.5)
    trainings = {rate: work.train(None, data, "-D", f"rate={rate}", name=f"rate{rate}") for rate in rates}
    rows = []
    for rate in rates:
        epochs = trainings[rate].epochs
        best = min(epochs, key=lambda epoch: epoch["held_out_loss"])
        rows.append([rate, f"{trainings[rate].loss:.3f}", f"{epochs[-1]['held_out_loss']:.3f}", f"{best['held_out_loss']:.3f}", best["epoch"],
                     percent(trainings[rate].accuracy)])
    out.table("rates", ["dropout", "training loss", "held-out loss", "its lowest", "in epoch", "held-out accuracy"], rows)
    without, with_it = (trainings[rate].epochs for rate in rates)
    out.claim("without dropout the pictures are learned by heart", without[-1]["loss"] < 0.05)
    out.claim("without dropout the held-out loss rises again by a tenth at least",
              without[-1]["held_out_loss"] > 1.1 * min(epoch["held_out_loss"] for epoch in without))
    out.claim("with dropout the held-out loss is lower at the end", with_it[-1]["held_out_loss"] < without[-1]["held_out_loss"])
    out.claim("with dropout the training loss falls more slowly", with_it[-1]["loss"] > without[-1]["loss"])
    out.claim("with dropout the held-out accuracy is higher at the end", with_it[-1]["held_out_metric"] > without[-1]["held_out_metric"])
    out.pictures["loss"] = chart.svg(
        "Dropout off and on, 2,000 pictures of Fashion-MNIST",
        [(f"{'held out' if key else 'training'}, dropout {rate}",
          [(epoch["epoch"], epoch["held_out_loss" if key else "loss"]) for epoch in trainings[rate].epochs])
         for rate in rates for key in (False, True)], "epoch", "loss")
    return out


def relu_speed(work):
    """AlexNet's figure 1: steps to a training error of 25 % with ReLU and with tanh"""
    data = work.data_set("fashion-mnist", 20_000)
    out, rates, errors = Outcome(), {"slow": 0.003, "middle": 0.01, "fast": 0.03}, (0.25, 0.15)
    trainings = {(f, rate): work.train(f"{f}_{rate}", data) for f in ("relu", "tanh") for rate in rates}
    steps = {key: [training.steps_to(error) for error in errors] for key, training in trainings.items()}
    rows = [[f"{value:g}", *(f"{steps[f, rate][place] or 'not reached'}" for place in (0, 1) for f in ("relu", "tanh"))]
            for rate, value in rates.items()]
    best = {f: [min((steps[f, rate][place] or math.inf) for rate in rates) for place in (0, 1)] for f in ("relu", "tanh")}
    rows.append(["the best of each", *(f"{best[f][place]:g}" for place in (0, 1) for f in ("relu", "tanh"))])
    out.table("steps", ["rate", "steps to an error of 25 %, ReLU", "tanh", "to 15 %, ReLU", "tanh"], rows)
    out.claim("at each rate ReLU gets to 25 % in fewer steps than tanh",
              all((steps["relu", rate][0] or math.inf) < (steps["tanh", rate][0] or math.inf) for rate in rates))
    out.claim("with the best rate of each ReLU is faster", best["relu"][0] < best["tanh"][0])
    out.claim("it is six times as fast, as in the paper's figure", best["tanh"][0] > 4 * best["relu"][0])
    fastest = {f: min(rates, key=lambda rate: steps[f, rate][0] or math.inf) for f in ("relu", "tanh")}
    series = []
    for f, title in (("relu", "ReLU"), ("tanh", "tanh")):
        for rate in dict.fromkeys((fastest[f], "slow")):
            accuracies = [100 * (1 - float(row["accuracy"])) for row in trainings[f, rate].rows("steps")]
            series.append((f"{title}, rate {rates[rate]:g}", smooth(accuracies, 50)))
    out.pictures["error"] = chart.svg("AlexNet's figure 1, for Fashion-MNIST", series, "step", "training error, %, mean of 50 steps")
    return out


ALL = {lesson.__name__: lesson for lesson in (
    activations, vanishing_gradient, exploding_gradient, residual_depth, shortcuts, inception_reductions, small_kernels, dropout, relu_speed)}
