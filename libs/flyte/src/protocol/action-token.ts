/** The variable that holds the token by which an action calls the local control plane: a credential. */
export const ACTION_TOKEN_VARIABLE = 'FLYTE_LOCAL_TOKEN';
