"""What Keras, PyTorch and scikit-learn call our keys and values."""

import re
from collections.abc import Collection, Iterable, Mapping

# What other libraries add to names: MSELoss, GlorotInitializer, StepLR, CosineDecay.
_WORD_AROUND = re.compile("(loss|optimi[sz]er|initiali[sz]er|activation|scheduler?|decay|lr)$")

# By the key that holds the value: our name, and other names of the same thing.
SAME_VALUE = {
    "activation": {
        "identity": "linear none null no",
        "sigmoid": "logistic logsig expit",
        "tanh": "tansig hyperbolic_tangent",
        "scaled_tanh": "lecun_tanh",
        "relu": "rectifier rectified_linear",
        "leaky_relu": "lrelu",
        "softmax": "log_softmax",
    },
    "loss": {
        "squared_error": "mse mean_squared_error l2 quadratic sum_of_squares least_squares",
        "cross_entropy": "categorical_crossentropy sparse_categorical_crossentropy ce xent nll "
        "softmax_cross_entropy softmax_cross_entropy_with_logits negative_log_likelihood log",
        "binary_cross_entropy": "bce bce_with_logits sigmoid_cross_entropy "
        "sigmoid_cross_entropy_with_logits multi_label_soft_margin",
    },
    "init": {
        "xavier_uniform": "xavier glorot",
        "he_normal": "kaiming kaiming_normal msra",
        "he_uniform": "kaiming_uniform",
        "lecun_normal": "lecun",
        "zeros": "zero",
        "{normal: 0.05}": "normal random_normal gaussian randn",
        "{uniform: 0.05}": "uniform random_uniform rand",
        "null": "none default auto",
    },
    "optimizer": {
        "sgd": "gd gradient_descent stochastic_gradient_descent plain vanilla",
        "momentum": "sgdm sgd_momentum sgd_with_momentum heavy_ball polyak classical_momentum",
        "nesterov": "nag sgd_nesterov nesterov_momentum nesterovs_momentum",
    },
    "schedule": {
        "constant": "none null no fixed",
        "step": "step_wise stairs staircase",
        "exponential": "exp",
        "cosine": "cosine_annealing cos",
        "one_cycle": "1cycle super_convergence",
    },
    "dtype": {
        "float32": "float single fp32 f32 f4",
        "float64": "double fp64 f64 f8",
    },
    "strategy": {
        "tpe": "bayesian bayes optuna hyperopt",
        "random": "randomized random_search randomized_search",
        "grid": "grid_search exhaustive brute_force",
    },
}
# Our name, and names of other things that come nearest to it.
NEAREST_VALUE = {
    "activation": {
        "relu": "elu selu celu gelu silu swish mish softplus relu6 hard_swish exponential",
        "leaky_relu": "prelu rrelu glu maxout",
        "sigmoid": "hard_sigmoid log_sigmoid step sign",
        "tanh": "hard_tanh softsign tanhshrink arctan sin",
        "softmax": "softmin sparsemax",
    },
    "loss": {
        "squared_error": "mae mean_absolute_error l1 smooth_l1 huber log_cosh rmse "
        "mean_squared_logarithmic_error msle poisson",
        "cross_entropy": "kl_div kl_divergence kullback_leibler_divergence focal hinge "
        "categorical_hinge multi_margin margin squared_hinge",
        "binary_cross_entropy": "binary_focal_crossentropy",
    },
    "init": {
        "xavier_normal": "orthogonal sparse variance_scaling",
        "zeros": "constant ones one",
        "{normal: 0.05}": "truncated_normal trunc_normal",
    },
    "optimizer": {
        "adam": "rmsprop adagrad adadelta adamax nadam radam amsgrad ftrl rprop sparse_adam lbfgs "
        "adafactor adabelief",
        "adamw": "lion lamb lars muon sophia",
        "sgd": "asgd",
    },
    "schedule": {
        "cosine": "cosine_annealing_warm_restarts cosine_restarts linear polynomial poly "
        "cosine_with_warmup",
        "one_cycle": "cyclic triangular",
        "step": "multi_step piecewise_constant reduce_on_plateau reduce_lr_on_plateau plateau "
        "adaptive",
        "exponential": "inverse_time invscaling inv_scaling inverse_sqrt noam",
        "constant": "lambda",
    },
    "dtype": {"float32": "half bfloat16 bf16 fp16 f16 mixed mixed_float16"},
}
SAME_KEY = {
    "seed": "random_state random_seed manual_seed rng",
    "members": "ensemble ensemble_size n_models n_estimators committee",
    "folds": "n_folds num_folds k_folds kfold cv n_splits cross_validation",
    "dtype": "precision floatx",
    "data": "dataset datasets",
    "network": "layers model architecture topology",
    "loss": "criterion loss_function loss_fn objective cost cost_function error",
    "training": "fit trainer hyperparameters hyperparams",
    "train": "train_csv train_file train_path training_data train_data path file csv "
    "train_files files csvs",
    "validation": "validation_split validation_fraction validation_data validation_size val_split "
    "val_size val valid dev test_size holdout",
    "split_seed": "split_random_state",
    "classes": "num_classes n_classes nb_classes",
    "label_column": "label target target_column label_name",
    "input_range": "normalize normalization rescale scaling feature_range",
    "distortion": "augmentation augment augmentations data_augmentation transform transforms",
    "rotation": "rotation_range degrees angle random_rotation",
    "scale": "zoom zoom_range random_zoom",
    "shear": "shear_range",
    "shift": "translate translation width_shift_range height_shift_range random_translation",
    "dense": "units neurons nodes hidden_units out_features n_units output_dim linear "
    "fully_connected fc num_units",
    "conv": "conv2d convolution convolution2d filters out_channels",
    "kernel": "kernel_size window",
    "stride": "strides",
    "max_pool": "max_pooling2d max_pool2d maxpool max_pooling pool pool_size",
    "mean_pool": "average_pooling2d avg_pool2d avgpool average_pool avg_pool mean_pooling",
    "image": "image_shape image_size picture img_shape",
    "activation": "act activation_function activation_fn nonlinearity transfer_function",
    "init": "kernel_initializer initializer weight_init weights_init initialization kernel_init "
    "weight_initializer init_mode",
    "dropout": "dropout_rate drop_rate drop_prob rate p",
    "epochs": "max_iter n_epochs num_epochs max_epochs nb_epoch iterations n_iter",
    "batch_size": "batchsize minibatch minibatch_size mini_batch_size bs samples_per_batch",
    "optimizer": "optim optimiser solver algorithm opt",
    "schedule": "scheduler lr_scheduler lr_schedule learning_rate_schedule lr_policy",
    "input_dropout": "dropout_input",
    "label_smoothing": "smoothing",
    "l1": "l1_regularization l1_penalty l1_reg",
    "max_norm": "max_weight_norm kernel_constraint",
    "clip_norm": "gradient_clip gradient_clipping grad_clip max_grad_norm clip_grad_norm "
    "gradient_clip_val global_clipnorm clip",
    "average": "ema ema_momentum ema_decay polyak_averaging swa",
    "patience": "early_stopping n_iter_no_change early_stop early_stopping_rounds",
    "name": "type kind class class_name method",
    "learning_rate": "lr learning_rate_init eta eta0 base_lr initial_learning_rate initial_lr "
    "max_lr step_size rate alpha",
    "weight_decay": "l2 l2_regularization l2_penalty l2_reg decay lambda alpha regularization",
    "momentum": "mu momentum_factor",
    "epsilon": "eps",
    "warmup": "warmup_epochs warmup_steps",
    "every": "step_size drop_every interval",
    "factor": "gamma drop drop_factor decay_rate",
    "decay": "gamma decay_rate rate",
    "final": "eta_min min_lr end_factor final_lr alpha",
    "peak_at": "pct_start",
    "trials": "n_trials n_iter max_trials num_trials",
    "hours": "timeout",
    "space": "parameters params search_space param_grid param_distributions",
    "choice": "values categorical choices",
    "log": "log_uniform loguniform log_range",
    "range": "uniform",
    "whole": "int int_range randint",
    "step": "q",
}
# Keys of other libraries that have no counterpart, and what to do instead.
_NO_KEY = {
    "the rows are shuffled in each epoch; remove it": "shuffle drop_last",
    "give --threads to the command instead": "num_workers n_jobs workers threads num_threads jobs",
    "every layer has biases, which start at 0; remove it": "bias use_bias fit_intercept "
    "bias_initializer bias_init",
    "accuracy is always measured; remove it": "metrics metric scoring",
    "progress is always shown; remove it": "verbose verbosity log_every print_every",
    "the inputs are counted in the data; remove it": "input_shape input_dim in_features inputs "
    "input_size n_inputs batch_input_shape",
    "it trains on the CPU; remove it": "device cuda gpu gpus accelerator pin_memory",
    "each hidden layer is an item of network, such as {dense: 128, activation: relu}": "hidden "
    "hidden_layers hidden_layer_sizes hidden_sizes",
    "a layer is dense, conv, max_pool or mean_pool; write {dense: 128, activation: relu}": "conv1d "
    "conv3d lstm gru rnn embedding attention type kind class class_name layer",
    "pictures are flattened before the first dense layer; remove it": "flatten",
    "there is no normalisation between layers here; remove it": "batch_normalization batch_norm "
    "batchnorm1d batchnorm2d layer_norm layer_normalization",
    "write beta1 and beta2": "betas",
    "write name: nesterov": "nesterov nesterovs_momentum",
    "there is no such variant here; remove it": "amsgrad dampening centered rho foreach fused "
    "maximize capturable",
    "the best epoch is always kept; remove it": "callbacks checkpoint checkpoints save_best_only "
    "restore_best_weights warm_start",
    "test rows are given to 'nntrain predict' and 'nntrain evaluate'": "test test_data test_csv",
}


def squashed(word: str) -> str:
    """A name without module, arguments, case and separators: "nn.ReLU()" becomes "relu"."""
    last = word.partition("(")[0].rpartition(".")[2]
    return re.sub(r"[^a-z0-9]", "", last.lower())


def _by_squashed(table: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ours, theirs in table.items():
        for word in theirs.split():
            found.setdefault(squashed(word), []).append(ours)
    return found


_VALUES = {key: _by_squashed(table) for key, table in SAME_VALUE.items()}
_NEAREST = {key: _by_squashed(table) for key, table in NEAREST_VALUE.items()}
_KEYS = _by_squashed(SAME_KEY)
_NOTES = _by_squashed(_NO_KEY)


def hint_for_value(key: str, word: str, choices: Collection[str]) -> str | None:
    """What to write for another library's name of a value; None if it is not known.

    Args:
        key: The key of the value, such as "loss".
        word: The unknown name.
        choices: The names that are known.
    """
    name = squashed(word)
    names = [name, _WORD_AROUND.sub("", name)]
    same = {squashed(choice): [choice] for choice in choices}
    for table, hint in (
        (same, "did you mean {}?"),
        (_VALUES.get(key, {}), "its name here is {}"),
        (_NEAREST.get(key, {}), f"there is no such {key} here, the nearest is {{}}"),
    ):
        for candidate in names:
            if candidate in table:
                (ours,) = table[candidate]
                return hint.format(repr(ours) if ours in choices else ours)
    return None


def same_key(word: str, known: Iterable[str]) -> list[str]:
    """The known keys that mean the same as a key, by our names or those of other libraries."""
    name = squashed(word)
    known = list(known)
    return [key for key in known if squashed(key) == name] or [
        key for key in _KEYS.get(name, []) if key in known
    ]


def note_for_key(word: str) -> str | None:
    """What to do about another library's key that has no counterpart; None if it is not known."""
    return next(iter(_NOTES.get(squashed(word), [])), None)
