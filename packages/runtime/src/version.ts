/** The version of Holdfast that runs. */
export const holdfastVersion = '0.1.0';
